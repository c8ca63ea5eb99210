const KEY = 'crm.console.token';

/** A session: by a token that was given to the page, or (null) by the browser's cookie. */
export interface Session {
  readonly token: string | null;
  /** Claims of the token, for display; only the API verifies it. */
  readonly name: string;
  readonly roles: readonly string[];
}

/** Normalises a pasted token: removes white space and the header's prefix. */
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

/** Returns the stored session of this tab, which lasts as long as the tab. */
export function storedSession(): Session | undefined {
  const stored = sessionStorage.getItem(KEY);
  if (stored === null) return undefined;
  return stored === '' ? COOKIE_SESSION : sessionOf(stored);
}

export function storeSession({ token }: Session): void {
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
    return {}; // not a token: the API will answer with the reason
  }
}
