import { Injectable } from '@nestjs/common';
import { Clock } from '#platform/kernel';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { invalidToken } from './auth.errors.js';
import { TokenCache } from './token-cache.js';
import type { VerifiedToken } from './token-claims.js';
import { tokenHeader } from './token-form.js';
import { VerificationKeys } from './verification-keys.js';

const CACHED_TOKENS = 10_000;

/** Tells who stands behind an access token; the one way in for HTTP, streams and RPC. */
@Injectable()
export class TokenVerifier {
  private readonly cache = new TokenCache(CACHED_TOKENS);

  constructor(
    private readonly keys: VerificationKeys,
    private readonly strategy: AccessTokenStrategy,
    private readonly clock: Clock,
  ) {}

  /** What is already known of a token, at the price of a look-up; undefined when it has to be verified. */
  recall(token: string): VerifiedToken | undefined {
    return this.cache.get(token, this.clock.epochMs());
  }

  /**
   * The caller and the end of a token's life.
   * @throws DomainError `invalid_token`, `token_expired`, or `auth_unavailable` when the keys can't be fetched.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const known = this.recall(token);
    if (known) return known;
    const header = tokenHeader(token, this.keys.algorithms);
    const key = await this.keys.find(header);
    if (!key) throw invalidToken();
    const verified = await this.strategy.check(token, key);
    this.cache.put(token, verified, this.clock.epochMs());
    return verified;
  }
}
