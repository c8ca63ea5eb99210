import { createHash } from 'node:crypto';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/internal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { DomainError } from '#platform/kernel';
import { AsyncVariable, RequestContext } from '#platform/observability';
import { describeAnswer } from '../headers/answer-headers.js';
import { controllerMethods, type Handler } from '../controller-methods.js';
import { digestOfFile } from '../uploads/file-upload.js';
import type { IdempotencyKeys, IdempotentRequest, StoredAnswer } from './idempotency-keys.js';
import { pathOf } from '../problems/problem.js';
import { ReplayAccess } from './replay-access.js';
import type { RouteTable } from '../server/route-table.js';

/** Visible ASCII. */
const KEY = /^[\x21-\x7e]{1,255}$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const KEPT_HEADERS = ['etag', 'location', 'link'];
const KEYED_METHODS = new Set<unknown>([RequestMethod.POST, RequestMethod.PATCH]);

/** A request with a key, on its way to its handler. */
interface KeyedRequest {
  readonly key: string | string[];
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const carried = new AsyncVariable<KeyedRequest>();

/**
 * Gives a POST or PATCH with `Idempotency-Key` the answer of its first request, if the caller may still have it, by
 * wrapping the handlers. An interceptor would cost every such request 60 µs of RxJS, with a key or without.
 */
export function installIdempotency(app: NestFastifyApplication, keys: IdempotencyKeys, routes: RouteTable): void {
  installKeys(app.getHttpAdapter().getInstance());
  const access = new ReplayAccess(keys, routes);
  for (const { instance, name, handler } of controllerMethods(app)) {
    const isKeyed = KEYED_METHODS.has(Reflect.getMetadata(METHOD_METADATA, handler));
    if (isKeyed) instance[name] = onceForKey(handler, keys, access);
  }
}

/** Carries the key along to the handler, on every route that takes one. */
function installKeys(fastify: FastifyInstance): void {
  const carryKey: preHandlerHookHandler = (request, reply, done) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined) done();
    else carried.run({ key, request, reply }, done);
  };
  fastify.addHook('onRoute', (route) => {
    const takesKey = [route.method].flat().some((method) => method === 'POST' || method === 'PATCH');
    if (takesKey) route.preHandler = [route.preHandler ?? [], carryKey].flat();
  });
}

/** `handler`, with its metadata, which runs at most once for each key. */
function onceForKey(handler: Handler, keys: IdempotencyKeys, access: ReplayAccess): Handler {
  const once: Handler = function (this: unknown, ...parameters) {
    const keyed = carried.get();
    if (!keyed) return handler.apply(this, parameters);
    // The key belongs to this handler: a handler that it calls has none.
    const handle = (): unknown => carried.run(undefined, () => handler.apply(this, parameters));
    return answerOnce(keyed, keys, access, handle);
  };
  Object.defineProperty(once, 'name', { value: handler.name });
  for (const key of Reflect.getMetadataKeys(handler) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), once);
  }
  return once;
}

/**
 * @throws DomainError 400 `malformed_idempotency_key`, 409 `idempotency_in_progress`, 422 `idempotency_key_reused`, and
 *   for a replayed answer as {@link ReplayAccess.require} does.
 */
async function answerOnce(
  { key, request, reply }: KeyedRequest,
  keys: IdempotencyKeys,
  access: ReplayAccess,
  handle: () => unknown,
): Promise<string | undefined> {
  const { answer, isReplayed } = await keys.once(identify(request, key), async () =>
    answerOf(request, reply, await handle()),
  );
  if (isReplayed) {
    await access.require(request, answer, handle);
    reply.code(answer.status).headers(answer.headers).header('idempotency-replayed', 'true');
  }
  if (answer.body === '') return undefined;
  reply.header('content-type', JSON_TYPE);
  return answer.body;
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

function answerOf(request: FastifyRequest, reply: FastifyReply, body: unknown): StoredAnswer {
  describeAnswer(request, reply, body);
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status: reply.statusCode, headers, body: body === undefined ? '' : JSON.stringify(body) };
}
