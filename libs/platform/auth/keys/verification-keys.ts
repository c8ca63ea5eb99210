import type { KeyObject } from 'node:crypto';
import type { TokenAlgorithm, TokenHeader } from '../tokens/token-form.js';

/** The keys that tokens are verified with. */
export abstract class VerificationKeys {
  /** The only algorithms a token may name. */
  abstract readonly algorithms: readonly TokenAlgorithm[];

  /**
   * The key for a token with this header, or null when there is none.
   * @throws DomainError `auth_unavailable` when that can't be known now.
   */
  abstract find(header: TokenHeader): Promise<KeyObject | null>;

  /** Counts how often a key was withdrawn or replaced. A token verified under another count has to be verified again. */
  get revision(): number {
    return 0;
  }

  /**
   * The key that has replaced `failed`, with which the signature of a token with this header did not verify.
   * Null when `failed` is still the current key. A fixed key is never replaced.
   */
  findReplacement(_header: TokenHeader, _failed: KeyObject): Promise<KeyObject | null> {
    return Promise.resolve(null);
  }

  /** Starts to refresh keys that are older than they may be, without waiting for the result. A fixed key has no age. */
  refreshWhenDue(): void {}
}

/** The shortest RSA modulus in bits (RFC 7518, 3.3). */
export const MIN_RSA_BITS = 2_048;

/** The algorithm that a public key is for, by its type and strength; undefined when it is for none of ours. */
export function algorithmOf(key: KeyObject): 'RS256' | 'ES256' | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS ? 'RS256' : undefined;
  return key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}
