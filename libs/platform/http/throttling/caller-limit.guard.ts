import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessTokenOf, TokenVerifier } from '#platform/auth';
import { HttpSettings } from '#platform/config';
import { DomainError } from '#platform/kernel';
import { networkOf } from './network-of.js';
import { RequestCounter } from './request-counter.js';

const MINUTE_MS = 60_000;
const UNLIMITED = 'http:unlimited';

/** Marks a controller whose requests are not counted. */
export const Unlimited = (): ClassDecorator => SetMetadata(UNLIMITED, true);

/**
 * Limits the requests of one caller per minute. A caller is the user of a token that an earlier request verified, else the
 * client's address, so that failed sign-ins and the first request of a token count for the address. Register it before
 * the guard that verifies tokens.
 */
@Injectable()
export class CallerLimitGuard implements CanActivate {
  private readonly limit: number;

  constructor(
    settings: HttpSettings,
    private readonly counter: RequestCounter,
    private readonly verifier: TokenVerifier,
    private readonly reflector: Reflector,
  ) {
    this.limit = settings.requestsPerMinute;
  }

  /**
   * Synchronous, because it runs for every request. Requests over RabbitMQ have a limit of their own:
   * `CRM_RPC_CONCURRENCY`.
   * @throws DomainError 429 `rate_limited`.
   */
  canActivate(context: ExecutionContext): boolean {
    if (this.limit === 0 || context.getType() !== 'http') return true;
    if (this.reflector.get<true | undefined>(UNLIMITED, context.getClass())) return true;
    const http = context.switchToHttp();
    const caller = this.callerOf(http.getRequest<FastifyRequest>());
    const { totalHits, timeToExpire, isBlocked } = this.counter.increment(caller, MINUTE_MS, this.limit);
    if (isBlocked) throw rateLimited(this.limit, timeToExpire);
    http
      .getResponse<FastifyReply>()
      .header('ratelimit-limit', this.limit)
      .header('ratelimit-remaining', this.limit - totalHits)
      .header('ratelimit-reset', timeToExpire);
    return true;
  }

  private callerOf(request: FastifyRequest): string {
    const userId = this.userOf(request);
    return userId === undefined ? `address:${networkOf(request.ip)}` : `user:${userId}`;
  }

  /** Only a token that was verified before identifies a user: a forged one must not use up another user's limit. */
  private userOf(request: FastifyRequest): string | undefined {
    try {
      const token = accessTokenOf(request);
      return token === undefined ? undefined : this.verifier.recall(token)?.caller.userId;
    } catch (error) {
      if (error instanceof DomainError) return undefined;
      throw error;
    }
  }
}

function rateLimited(limit: number, seconds: number): DomainError {
  const message = `More than ${limit} requests within a minute. Try again in ${seconds} s.`;
  return new DomainError('too_many', 'rate_limited', message, { retry_after: seconds });
}
