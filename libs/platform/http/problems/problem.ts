import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FieldFault } from '#platform/kernel';
import { type Refusal, titleOf } from './refusal.js';
import { factsOf } from '../server/request-facts.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457 problem details: the body of every 4xx and 5xx answer. */
export interface Problem {
  /** A URI that stands for the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Path of the request, without its query. */
  readonly instance: string;
  /** What to report when asking for help. */
  readonly trace_id: string;
  readonly errors?: readonly FieldFault[];
  readonly [member: string]: unknown;
}

/** Headers that belong to the answer which was not given. */
const OF_THE_ANSWER = ['etag', 'location', 'link', 'content-disposition', 'content-encoding', 'content-length'];

/** Answers `request` with `refusal`. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const problem = turnIntoProblem(request, reply, refusal);
  // As bytes: Fastify adds a charset, which this type doesn't have, to text only.
  reply.send(Buffer.from(JSON.stringify(problem)));
}

/** Sets the status and the headers of `refusal`, and returns the document to send. */
export function turnIntoProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): Problem {
  const facts = factsOf(request);
  const problem: Problem = {
    ...refusal.members,
    type: `${reply.server.problemBase}${refusal.code}`,
    title: titleOf(refusal.code),
    status: refusal.status,
    detail: refusal.detail,
    code: refusal.code,
    instance: pathOf(request.url),
    trace_id: facts.traceId,
  };
  for (const name of OF_THE_ANSWER) reply.removeHeader(name);
  reply.header('x-request-id', facts.requestId).header('traceparent', facts.traceparent);
  reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  reply.headers({ ...refusal.headers }).header('content-type', PROBLEM_TYPE);
  reply.code(refusal.status);
  return problem;
}

/** The path of a request's URL, without its query and without a slash at its end. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
