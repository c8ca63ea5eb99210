import { randomFillSync } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { newId } from '#platform/kernel';
import { RequestContext, type RequestFacts } from '#platform/observability';

declare module 'fastify' {
  interface FastifyRequest {
    /** Made on first use; read it through {@link factsOf}. */
    requestFacts: RequestFacts | null;
  }
}

/** Long enough for any tracing scheme, short and plain enough for a header and a log line. */
const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;
const SAMPLED = '01';

/** The id a client gave, when it is sane, else a new one; Fastify calls it for each request. */
export function requestIdOf(raw: { headers: Record<string, string | string[] | undefined> }): string {
  const given = raw.headers['x-request-id'];
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : newId();
}

/** Who and what this request is, for logs, events and answers; always the same object for one request. */
export function factsOf(request: FastifyRequest): RequestFacts {
  request.requestFacts ??= madeFacts(request);
  return request.requestFacts;
}

/**
 * Gives each request its ids, carries them along its asynchronous calls, and returns them with the
 * headers that every answer has.
 */
export function installRequestFacts(fastify: FastifyInstance): void {
  fastify.decorateRequest('requestFacts', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    const facts = factsOf(request);
    reply.header('x-request-id', facts.requestId);
    reply.header('traceparent', facts.traceparent);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    RequestContext.run(facts, done);
  });
}

function madeFacts(request: FastifyRequest): RequestFacts {
  const given = request.headers.traceparent;
  const parent = typeof given === 'string' ? TRACEPARENT.exec(given) : null;
  const traceId = parent?.[1] ?? randomHex(16);
  const traceparent = `00-${traceId}-${randomHex(8)}-${parent?.[2] ?? SAMPLED}`;
  return { requestId: request.id, traceparent, traceId };
}

// Drawing random bytes in bulk costs a tenth of drawing them for each request.
const pool = Buffer.allocUnsafe(24 * 256);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
