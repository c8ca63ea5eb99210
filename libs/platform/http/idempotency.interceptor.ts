import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, type NestInterceptor, RequestMethod } from '@nestjs/common';
import { INTERCEPTORS_METADATA, METHOD_METADATA } from '@nestjs/common/internal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DomainError } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { describeAnswer } from './answer-headers.js';
import { controllerMethods } from './controller-methods.js';
import { digestOfFile } from './file-upload.js';
import type { IdempotencyKeys, IdempotentRequest, StoredAnswer } from './idempotency-keys.js';
import { pathOf } from './problem.js';

/** Visible ASCII. */
const KEY = /^[\x21-\x7e]{1,255}$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const KEPT_HEADERS = ['etag', 'location', 'link'];
const KEYED_METHODS = new Set<unknown>([RequestMethod.POST, RequestMethod.PATCH]);

/** Gives a POST or PATCH with `Idempotency-Key` the answer that its first sending had. */
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyKeys) {}

  /** @throws DomainError 400 `malformed_idempotency_key`, 409 `idempotency_in_progress`, 422 `idempotency_key_reused`. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.answerOnce(identify(request, key), request, reply, next));
  }

  private async answerOnce(
    identity: IdempotentRequest,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<string | undefined> {
    const { answer, isReplayed } = await this.keys.once(identity, async () => {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      return answerOf(request, reply, body);
    });
    if (isReplayed) reply.code(answer.status).headers(answer.headers).header('idempotency-replayed', 'true');
    if (answer.body === '') return undefined;
    reply.header('content-type', JSON_TYPE);
    return answer.body;
  }
}

/**
 * Puts the interceptor on every route that takes a key. Not a global one: NestJS would run its machinery, some 10 µs,
 * for each GET too.
 */
export function installIdempotency(app: NestFastifyApplication, keys: IdempotencyKeys): void {
  const interceptor = new IdempotencyInterceptor(keys);
  for (const { handler } of controllerMethods(app)) attach(handler, interceptor);
}

function attach(handler: object, interceptor: IdempotencyInterceptor): void {
  if (!KEYED_METHODS.has(Reflect.getMetadata(METHOD_METADATA, handler))) return;
  const present = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as unknown[];
  // Another application of the same process may have put its own on the same controller.
  const others = present.filter((one) => !(one instanceof IdempotencyInterceptor));
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [interceptor, ...others], handler);
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
function fingerprintOf(request: FastifyRequest): () => Promise<Buffer> {
  const query = request.url.split('?')[1] ?? '';
  const hash = createHash('sha256').update(`${request.method} ${pathOf(request.url)}?${query}\n`);
  // Its handler reads it, if it comes to that.
  if (request.routeOptions.config.takesFile) {
    return async () => {
      const digest = await digestOfFile(request);
      return hash.copy().update(digest).digest();
    };
  }
  const { body } = request;
  const fingerprint = hash.update(Buffer.isBuffer(body) ? body : canonicalJson(body)).digest();
  return () => Promise.resolve(fingerprint);
}

function canonicalJson(value: unknown): string {
  const sorted = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ) as string | undefined;
  return sorted ?? '';
}

function answerOf(request: FastifyRequest, reply: FastifyReply, body: unknown): StoredAnswer {
  describeAnswer(request, reply, body);
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status: reply.statusCode, headers, body: body === undefined ? '' : JSON.stringify(body) };
}
