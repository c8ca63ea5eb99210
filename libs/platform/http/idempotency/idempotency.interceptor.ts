import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DomainError } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { setResourceHeaders } from '../headers/resource-headers.js';
import { digestOfFile } from '../uploads/file-upload.js';
import { IdempotencyKeys, type IdempotentRequest, type StoredResponse } from './idempotency-keys.js';
import { pathOf } from '../problems/problem.js';
import { ReplayAccess } from './replay-access.js';

/** Visible ASCII. */
const KEY = /^[\x21-\x7e]{1,255}$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const STORED_HEADERS = ['etag', 'location', 'link'];

/**
 * Runs a request with `Idempotency-Key` once. A repeated request is answered with the stored answer of the first
 * one, if the caller may still receive it. Pipes and handler run in the transaction that stores the answer.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly access: ReplayAccess,
  ) {}

  /**
   * @throws DomainError 400 `malformed_idempotency_key`, 409 `idempotency_in_progress`, 422 `idempotency_key_reused`,
   *   and for a replayed answer as {@link ReplayAccess.require} does.
   */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined) return next.handle();
    return from(this.answerOnce(identify(request, key), request, http.getResponse<FastifyReply>(), next));
  }

  private async answerOnce(
    identity: IdempotentRequest,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler<unknown>,
  ): Promise<string | undefined> {
    // A new call inside the transaction: NestJS runs the handler in the async context of `handle()`.
    const handle = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    const { answer, isReplayed } = await this.keys.once(identity, async () => answerOf(request, reply, await handle()));
    if (isReplayed) {
      await this.access.require(request, answer, handle);
      // Handlers may set headers themselves: those of the access check belong to an answer that is not sent.
      for (const name of STORED_HEADERS) reply.removeHeader(name);
      reply.code(answer.status).headers(answer.headers).header('idempotency-replayed', 'true');
    }
    if (answer.body === '') return undefined;
    reply.header('content-type', JSON_TYPE);
    return answer.body;
  }
}

function identify(request: FastifyRequest, key: string | string[]): IdempotentRequest {
  if (typeof key !== 'string' || !KEY.test(key)) {
    const remedy = 'Idempotency-Key takes 1 to 255 visible ASCII characters, such as a UUID.';
    throw new DomainError('invalid', 'malformed_idempotency_key', remedy);
  }
  const callerId = RequestContext.current()?.callerId;
  if (callerId === undefined) {
    throw new DomainError('unauthenticated', 'authorization_required', 'An Idempotency-Key needs a caller.');
  }
  return { callerId, key, fingerprint: fingerprintOf(request) };
}

/** What was asked: method, path, query and body, or its file; the order of a body's members doesn't count. */
function fingerprintOf(request: FastifyRequest): Buffer {
  const query = request.url.split('?')[1] ?? '';
  const hash = createHash('sha256').update(`${request.method} ${pathOf(request.url)}?${query}\n`);
  if (request.routeOptions.config.takesFile) return hash.update(digestOfFile(request)).digest();
  const { body } = request;
  return hash.update(Buffer.isBuffer(body) ? body : canonicalJson(body)).digest();
}

function canonicalJson(value: unknown): string {
  const sorted = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ) as string | undefined;
  return sorted ?? '';
}

/** The headers are stored with the answer, so that a replayed answer has them too. */
function answerOf(request: FastifyRequest, reply: FastifyReply, body: unknown): StoredResponse {
  setResourceHeaders(request, reply, body);
  const headers: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status: reply.statusCode, headers, body: body === undefined ? '' : JSON.stringify(body) };
}
