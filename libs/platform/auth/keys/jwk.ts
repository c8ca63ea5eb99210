import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { algorithmOf } from './verification-keys.js';

/** A public signature key of a JSON Web Key Set, with the one algorithm it is for. */
export interface PublicJwk {
  readonly kid: string | undefined;
  readonly alg: 'RS256' | 'ES256';
  readonly key: KeyObject;
}

/** More keys than a rotation ever needs; the rest of a longer set is not looked at. */
const MAX_KEYS = 32;

/**
 * The usable keys of a JSON Web Key Set (RFC 7517), in its order. Secret and private keys, keys for encryption, weak
 * keys and what is no key at all are passed over, as the RFC asks.
 * @throws Error when the text is no key set, or no key of it can be used.
 */
export function publicJwks(text: string): readonly PublicJwk[] {
  const set = JSON.parse(text) as unknown;
  const entries = isObject(set) ? set.keys : undefined;
  if (!Array.isArray(entries)) throw new Error('the answer is no JSON Web Key Set');
  const keys: PublicJwk[] = [];
  for (const entry of entries) {
    const key = isObject(entry) ? publicJwk(entry) : undefined;
    if (key) keys.push(key);
    if (keys.length === MAX_KEYS) break;
  }
  if (keys.length === 0) throw new Error('the key set has no usable key');
  return keys;
}

function publicJwk(jwk: Readonly<Record<string, unknown>>): PublicJwk | undefined {
  const { kid, use, key_ops: operations } = jwk;
  if (Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'k')) return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
  const alg = algorithmOf(key);
  return alg && (jwk.alg === undefined || jwk.alg === alg) ? { kid, alg, key } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
