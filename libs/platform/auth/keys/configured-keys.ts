import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { type AuthSettings, SettingsError } from '#platform/config';
import type { Clock } from '#platform/kernel';
import type { Log } from '#platform/observability';
import { JwkSet } from './jwk-set.js';
import type { TokenAlgorithm } from '../tokens/token-form.js';
import { algorithmOf, MIN_RSA_BITS, VerificationKeys } from './verification-keys.js';

/**
 * The keys that the configuration names: a key set, one public key, or a secret.
 * @throws SettingsError when the public key is not one that RS256 or ES256 can use.
 */
export function configuredKeys(settings: AuthSettings, clock: Clock, log: Log): VerificationKeys {
  if (settings.jwksUrl) return new JwkSet(settings.jwksUrl, clock, log);
  if (settings.publicKey) return publicKey(settings.publicKey);
  if (!settings.accessSecret) throw new SettingsError(['no way to verify tokens is set']);
  // A KeyObject, because passport-jwt would parse text anew for each token (442 µs against 10).
  return new SingleKey('HS256', createSecretKey(Buffer.from(settings.accessSecret, 'utf8')));
}

class SingleKey extends VerificationKeys {
  readonly algorithms: readonly TokenAlgorithm[];

  constructor(
    algorithm: TokenAlgorithm,
    private readonly key: KeyObject,
  ) {
    super();
    this.algorithms = [algorithm];
  }

  protected override keyOf(): Promise<KeyObject> {
    return Promise.resolve(this.key);
  }
}

function publicKey(text: string): VerificationKeys {
  const pem = text.replaceAll('\\n', '\n');
  // Node would silently derive the public key, and the private key would be stored in the wrong place.
  if (pem.includes('PRIVATE KEY')) throw new SettingsError(['CRM_JWT_PUBLIC_KEY must not be a private key']);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new SettingsError(['CRM_JWT_PUBLIC_KEY must be a public key in PEM']);
  }
  const algorithm = algorithmOf(key);
  if (!algorithm) throw new SettingsError([`CRM_JWT_PUBLIC_KEY must be RSA of ${MIN_RSA_BITS} bits or more, or P-256`]);
  return new SingleKey(algorithm, key);
}
