import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '#platform/kernel';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { invalidToken } from '../auth.errors.js';
import { TokenCache } from './token-cache.js';
import type { VerifiedToken } from './token-claims.js';
import { type TokenHeader, tokenHeader } from './token-form.js';
import { VerificationKeys } from '../keys/verification-keys.js';

const CACHED_TOKENS = 10_000;

/** Verifies access tokens for HTTP, streams and RPC, and caches the verified ones. */
@Injectable()
export class TokenVerifier {
  private readonly cache = new TokenCache(CACHED_TOKENS);
  /** The revision of the keys that verified the tokens in the cache. */
  private cachedRevision = 0;

  constructor(
    private readonly keys: VerificationKeys,
    private readonly strategy: AccessTokenStrategy,
    private readonly clock: Clock,
  ) {}

  /** Finds a token in the cache; undefined when it has to be verified. */
  recall(token: string): VerifiedToken | undefined {
    this.keys.refreshWhenDue();
    if (this.cachedRevision !== this.keys.revision) {
      this.cache.clear();
      this.cachedRevision = this.keys.revision;
    }
    return this.cache.get(token, this.clock.epochMs());
  }

  /**
   * Verifies signature and claims of a token.
   * @throws DomainError `invalid_token`, `token_expired`, or `auth_unavailable` when the keys can't be fetched.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const cached = this.recall(token);
    if (cached) return cached;
    const header = tokenHeader(token, this.keys.algorithms);
    const key = await this.keys.find(header);
    if (!key) throw invalidToken();
    const revision = this.keys.revision;
    const verified = (await this.strategy.check(token, key)) ?? (await this.checkWithReplacement(token, header, key));
    if (!verified) throw invalidToken();
    // A key that was withdrawn meanwhile must not leave its token in the cache.
    if (revision === this.keys.revision) this.cache.put(token, verified, this.clock.epochMs());
    return verified;
  }

  /** The Auth service may have published another key under the same id: then the signature is verified once more. */
  private async checkWithReplacement(
    token: string,
    header: TokenHeader,
    failed: KeyObject,
  ): Promise<VerifiedToken | null> {
    const replacement = await this.keys.findReplacement(header, failed);
    return replacement && this.strategy.check(token, replacement);
  }
}
