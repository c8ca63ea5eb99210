import type { FastifyReply, FastifyRequest } from 'fastify';
import { ListAnswer } from '../lists/list-query.js';
import { versionsIn } from './entity-tags.js';
import { pathOf } from '../problems/problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by `Creates`: collection path of `Location`, or '' for the request's own path. */
    createsAt?: string;
  }
}

const NOT_FOR_A_URI = /[^\x21-\x7e]|[<>"]/g;
const OK = 200;
const CREATED = 201;

/** Sets `ETag`, `Location` and `Link` from the version, the id and the next cursor of an answer. */
export function setResourceHeaders(request: FastifyRequest, reply: FastifyReply, answer: unknown): void {
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

/** Whether `If-None-Match` of a GET names the version that {@link setResourceHeaders} has set. */
export function isNotModified(request: FastifyRequest, reply: FastifyReply): boolean {
  const given = request.headers['if-none-match'];
  if (given === undefined || !isRead(request) || reply.statusCode !== OK) return false;
  const current = reply.getHeader('etag');
  if (typeof current !== 'string') return false;
  return given.trim() === '*' || versionsIn(given).some((version) => current === `"${version}"`);
}

function setLocation(request: FastifyRequest, reply: FastifyReply, id: string): void {
  const { createsAt } = request.routeOptions.config;
  if (createsAt === undefined || reply.hasHeader('location')) return;
  reply.header('location', `${createsAt || pathOf(request.url)}/${id}`);
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
