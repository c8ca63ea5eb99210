import { applyDecorators, HttpCode } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiCreatedResponse, type ApiResponseOptions } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ListAnswer } from '../lists/list-query.js';
import { versionsIn } from './entity-tags.js';
import { pathOf } from '../problems/problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by {@link Creates}: where what was created is found, or '' for the request's own path. */
    createsAt?: string;
  }
}

const NOT_FOR_A_URI = /[^\x21-\x7e]|[<>"]/g;
const CREATED = 201;
const NOT_MODIFIED = 304;

/**
 * A route that creates a resource: 201 with `Location`.
 * @param collection path that the new id is put behind, e.g. `/api/v1/policies`; the request's own unless given.
 */
export function Creates(collection = '', response?: ApiResponseOptions): MethodDecorator {
  return applyDecorators(
    HttpCode(CREATED),
    RouteConfig({ createsAt: collection }),
    ...(response ? [ApiCreatedResponse(response)] : []),
  );
}

/** Gives answers their `ETag`, `Location` and `Link`, and turns a GET of what the client has into 304. */
export function installAnswerHeaders(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, payload, done) => {
    describeAnswer(request, reply, payload);
    if (isKnownToClient(request, reply)) reply.code(NOT_MODIFIED);
    done(null, payload);
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.statusCode !== NOT_MODIFIED) return done(null, payload);
    reply.removeHeader('content-type');
    done(null, null);
  });
}

/** Sets the headers that follow from what is answered; without effect when they are set already. */
export function describeAnswer(request: FastifyRequest, reply: FastifyReply, answer: unknown): void {
  if (typeof answer !== 'object' || answer === null) return;
  if (answer instanceof ListAnswer) {
    if (answer.next_cursor !== null)
      reply.header('link', `<${withCursor(request.url, answer.next_cursor)}>; rel="next"`);
    return;
  }
  const { id, version } = answer as { id?: unknown; version?: unknown };
  if (typeof version === 'number') {
    reply.header('etag', `"${version}"`);
    if (isRead(request)) reply.header('cache-control', 'private, no-cache');
  }
  if (reply.statusCode === CREATED && typeof id === 'string') setLocation(request, reply, id);
}

function setLocation(request: FastifyRequest, reply: FastifyReply, id: string): void {
  const { createsAt } = request.routeOptions.config;
  if (createsAt === undefined || reply.hasHeader('location')) return;
  reply.header('location', `${createsAt || pathOf(request.url)}/${id}`);
}

function isKnownToClient(request: FastifyRequest, reply: FastifyReply): boolean {
  const given = request.headers['if-none-match'];
  if (given === undefined || !isRead(request) || reply.statusCode !== 200) return false;
  const current = reply.getHeader('etag');
  if (typeof current !== 'string') return false;
  return given.trim() === '*' || versionsIn(given).some((version) => current === `"${version}"`);
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The request's own URL with another cursor; every other parameter stays, repeated ones too. */
function withCursor(url: string, cursor: string): string {
  const query = url.indexOf('?');
  const kept = query === -1 ? [] : url.slice(query + 1).split('&');
  const others = kept.filter((pair) => pair !== '' && pair.split('=')[0] !== 'cursor');
  const text = [...others, `cursor=${cursor}`].join('&').replace(NOT_FOR_A_URI, encodeURIComponent);
  return `${pathOf(url).replace(NOT_FOR_A_URI, encodeURIComponent)}?${text}`;
}
