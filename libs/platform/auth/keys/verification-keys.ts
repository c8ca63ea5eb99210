import type { KeyObject } from 'node:crypto';
import type { SecretOrKeyProvider } from 'passport-jwt';
import { invalidToken } from '../auth.errors.js';
import { type TokenAlgorithm, type TokenHeader, tokenHeader } from '../tokens/token-form.js';

/** The keys that tokens are verified with. */
export abstract class VerificationKeys {
  /** The only algorithms a token may name. */
  abstract readonly algorithms: readonly TokenAlgorithm[];

  /** Counts how often a key was withdrawn or replaced. A token verified under another count has to be verified again. */
  get revision(): number {
    return 0;
  }

  /** Starts to refresh keys that are older than they may be, without waiting for the result. A fixed key has no age. */
  refreshWhenDue(): void {}

  /**
   * The key that verifies `token`, or null when there is none.
   * @throws DomainError `auth_unavailable` when that can't be known now.
   */
  protected abstract keyOf(token: string, header: TokenHeader): Promise<KeyObject | null>;

  /** Whether `key` may verify tokens at this moment. */
  protected isCurrent(_key: KeyObject): boolean {
    return true;
  }

  /**
   * Gives passport-jwt the key of a token. Key and signature are checked in one turn of the event loop, so that
   * {@link revision} still belongs to the key afterwards.
   */
  readonly secretOrKeyProvider: SecretOrKeyProvider = (_request, token: string, done) => {
    this.findKey(token).then((key) => {
      if (!key || !this.isCurrent(key)) done(invalidToken());
      // The types don't know yet that the library takes a KeyObject.
      else done(null, key as unknown as Buffer);
    }, done);
  };

  private async findKey(token: string): Promise<KeyObject | null> {
    return this.keyOf(token, tokenHeader(token, this.algorithms));
  }
}

/** The shortest RSA modulus in bits (RFC 7518, 3.3). */
export const MIN_RSA_BITS = 2_048;

/** The algorithm that a public key is for, by its type and strength; undefined when it is for none of ours. */
export function algorithmOf(key: KeyObject): 'RS256' | 'ES256' | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS ? 'RS256' : undefined;
  return key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}
