import { invalidToken } from '../auth.errors.js';

/** Signature algorithms this service knows; the accepted ones are configured, never read from a token. */
export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256';

/** What a token says about its own signature: enough to find the key, and not trusted for anything else. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** Longest token looked at, in characters. */
const MAX_LENGTH = 8_192;

const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Members that would let a token bring its own key, or change what is signed. */
const REFUSED_MEMBERS = ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Checks a token's outer form before any cryptography: a compact JWS in canonical base64url whose header names a
 * configured algorithm and whose payload is a JSON object. There is one way to write a token, so that equal text and
 * equal tokens are the same thing.
 * @throws DomainError `invalid_token`.
 */
export function tokenHeader(token: unknown, algorithms: readonly TokenAlgorithm[]): TokenHeader {
  if (typeof token !== 'string' || token.length > MAX_LENGTH || !FORM.test(token)) throw invalidToken();
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const members = jsonObject(bytesOf(header));
  jsonObject(bytesOf(payload));
  bytesOf(signature);
  if (REFUSED_MEMBERS.some((name) => Object.hasOwn(members, name))) throw invalidToken();
  const alg = algorithms.find((algorithm) => algorithm === members.alg);
  const kid = members.kid;
  if (!alg || (kid !== undefined && typeof kid !== 'string')) throw invalidToken();
  return { alg, kid };
}

/** Node ignores the spare bits of the last character; writing the bytes again shows whether they were zero. */
function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw invalidToken();
  return bytes;
}

function jsonObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw invalidToken();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidToken();
  return value as Record<string, unknown>;
}
