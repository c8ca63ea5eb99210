const KEY = 'crm.console.token';

/** Who is signed in: by a token that was given to the page, or (null) by the cookie that the browser sends itself. */
export interface Session {
  readonly token: string | null;
  /** What the token says of its bearer; the API alone decides whether it is true. */
  readonly name: string;
  readonly roles: readonly string[];
}

/** A token as it is pasted: with white space around, or as a whole header. */
export function sessionOf(pasted: string): Session {
  const token = pasted.trim().replace(/^(authorization:\s*)?bearer\s+/i, '');
  const { email, sub, roles } = claimsOf(token);
  return { token, name: email ?? sub ?? 'signed in', roles: roles ?? [] };
}

const SIGN_IN_LINK = /^#token=([\w.-]+)$/;

/**
 * Takes the token of a sign-in link (`/console#token=…`) and removes it from the address bar and the tab's history. The
 * part behind `#` never reaches a server or a log.
 */
export function takeLinkedSession(): Session | undefined {
  const token = SIGN_IN_LINK.exec(location.hash)?.[1];
  if (token === undefined) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return sessionOf(token);
}

export const COOKIE_SESSION: Session = { token: null, name: 'signed in by cookie', roles: [] };

/** What this tab was signed in with; it lives as long as the tab. */
export function keptSession(): Session | undefined {
  const kept = sessionStorage.getItem(KEY);
  if (kept === null) return undefined;
  return kept === '' ? COOKIE_SESSION : sessionOf(kept);
}

export function keepSession({ token }: Session): void {
  sessionStorage.setItem(KEY, token ?? '');
}

export function forgetSession(): void {
  sessionStorage.removeItem(KEY);
}

interface Claims {
  readonly sub?: string;
  readonly email?: string;
  readonly roles?: readonly string[];
}

function claimsOf(token: string): Claims {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    return {}; // no token of ours: the API will say so
  }
}
