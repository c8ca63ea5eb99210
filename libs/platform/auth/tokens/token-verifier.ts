import { Injectable } from '@nestjs/common';
import passport from 'passport';
import { Clock, DomainError } from '#platform/kernel';
import { JwtStrategy } from './jwt.strategy.js';
import { invalidToken } from '../auth.errors.js';
import type { TokenBearingRequest } from './presented-token.js';
import { TokenCache } from './token-cache.js';
import { readClaims, type TokenPayload, type VerifiedToken } from './token-claims.js';
import { VerificationKeys } from '../keys/verification-keys.js';

const CACHED_TOKENS = 10_000;

/** What passport calls when it is done: an error, the payload of the token, or why it fails. */
type Outcome = readonly [error: Error | null, payload: TokenPayload | false | null | undefined, failure: unknown];

type Authenticate = (request: TokenBearingRequest, response: object, next: (error: unknown) => void) => void;

/** Verifies access tokens and caches the verified ones, for HTTP, streams and RPC alike. */
@Injectable()
export class TokenVerifier {
  private readonly cache = new TokenCache(CACHED_TOKENS);
  /** The revision of the keys that verified the tokens in the cache. */
  private cachedRevision = 0;
  /** Of this application alone: in passport's global registry the strategy of the last application wins. */
  private readonly passport = new passport.Passport();

  constructor(
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
    strategy: JwtStrategy,
  ) {
    this.passport.use('jwt', strategy);
  }

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
   * Verifies a token that did not come in an HTTP request.
   * @param token of a message, and therefore possibly no text at all.
   * @throws DomainError `invalid_token`, `token_expired`, or `auth_unavailable` when the keys can't be fetched.
   */
  async verify(token: unknown): Promise<VerifiedToken> {
    if (typeof token !== 'string') throw invalidToken();
    return this.recall(token) ?? this.accept(token, await this.authenticate(token));
  }

  /**
   * Reads what passport found out about a token, and caches a good one.
   * @throws DomainError as {@link verify} does.
   */
  accept(token: string, [error, payload, failure]: Outcome): VerifiedToken {
    if (error) throw error;
    // Why the signature fails is no affair of the client; that the keys are missing is.
    if (!payload) throw failure instanceof DomainError ? failure : invalidToken();
    const now = this.clock.epochMs();
    const verified = readClaims(payload.claims, now);
    // The cache must not contain a token whose key was withdrawn meanwhile.
    if (payload.keyRevision === this.keys.revision) this.cache.put(token, verified, now);
    return verified;
  }

  private authenticate(token: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const done = (...outcome: Outcome): void => resolve(outcome);
      const authenticate = this.passport.authenticate('jwt', { session: false }, done) as Authenticate;
      authenticate({ headers: { authorization: `Bearer ${token}` }, raw: { rawHeaders: [] } }, {}, reject);
    });
  }
}
