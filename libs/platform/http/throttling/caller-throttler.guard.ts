import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  getOptionsToken,
  getStorageToken,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import { accessTokenOf, type TokenBearingRequest, TokenVerifier } from '#platform/auth';
import { DomainError } from '#platform/kernel';

type ThrottledRequest = TokenBearingRequest & { readonly ip: string };

/**
 * Limits the requests of one caller per minute. A caller is the user of a token that an earlier request verified, else the
 * client's address, so that failed sign-ins and the first request of a token count for the address. Register it before
 * the guard that verifies tokens.
 */
@Injectable()
export class CallerThrottlerGuard extends ThrottlerGuard {
  /** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds). */
  protected override headerPrefix = 'RateLimit';

  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    @Inject(getStorageToken()) storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly verifier: TokenVerifier,
  ) {
    super(options, storage, reflector);
  }

  /** Requests over RabbitMQ have a limit of their own: `CRM_RPC_CONCURRENCY`. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  protected override async getTracker(request: ThrottledRequest): Promise<string> {
    const userId = this.userOf(request);
    return userId === undefined ? `address:${await super.getTracker(request)}` : `user:${userId}`;
  }

  /** One count for all routes. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  /** @throws DomainError 429 `rate_limited`. */
  protected override throwThrottlingException(_context: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    const message = `More than ${detail.limit} requests within a minute. Try again in ${detail.timeToBlockExpire} s.`;
    throw new DomainError('too_many', 'rate_limited', message, { retry_after: detail.timeToBlockExpire });
  }

  /** Only a token that was verified before identifies a user: a forged one must not use up another user's limit. */
  private userOf(request: ThrottledRequest): string | undefined {
    try {
      const token = accessTokenOf(request);
      return token === undefined ? undefined : this.verifier.recall(token)?.caller.userId;
    } catch (error) {
      if (error instanceof DomainError) return undefined;
      throw error;
    }
  }
}
