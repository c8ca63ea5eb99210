import { HttpException } from '@nestjs/common';
import { DomainError, type DomainErrorKind } from '#platform/kernel';
import { refusalOfDatabase } from './database-failure.js';

import { type Refusal, titleOf } from './refusal.js';

const STATUS: Readonly<Record<DomainErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  timed_out: 408,
  conflict: 409,
  gone: 410,
  stale: 412,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  precondition_required: 428,
  too_many: 429,
  unavailable: 503,
};

/** Codes of refusals that NestJS and Fastify make by themselves. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'malformed_request',
  401: 'authorization_required',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'body_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  416: 'range_not_satisfiable',
  417: 'expectation_failed',
  422: 'validation_failed',
  428: 'precondition_required',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'unavailable',
};

const DETAIL_OF_CODE: Readonly<Record<string, string>> = {
  body_too_large: 'The body is larger than this service takes.',
  unsupported_media_type: 'This request takes a body of another type: send application/json.',
  uri_too_long: 'A part of the path is longer than any id or name here.',
  malformed_url: 'The URL has a percent sign that begins no valid escape.',
};

const SECONDS_TO_WAIT = 1;

const UNEXPECTED: Refusal = {
  status: 500,
  code: 'internal_error',
  detail: 'Something went wrong here. Report the trace id.',
  isUnexpected: true,
};

/** Maps any error to an answer; the only place that knows status codes. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof DomainError) return refusalOfDomain(error);
  const status = statusOf(error);
  if (status !== undefined && (status < 500 || status === 503)) return refusalOfFramework(status, error);
  return refusalOfDatabase(error) ?? UNEXPECTED;
}

function refusalOfDomain({ kind, code, message, details }: DomainError): Refusal {
  const wait = details.retry_after ?? (kind === 'unavailable' || kind === 'too_many' ? SECONDS_TO_WAIT : undefined);
  return {
    status: STATUS[kind],
    code,
    detail: message,
    members: details,
    headers: {
      // RFC 9110: the rest of the request is not waited for.
      ...(kind === 'timed_out' && { connection: 'close' }),
      ...(kind === 'unauthenticated' && { 'www-authenticate': challengeOf(code) }),
      ...(typeof wait === 'number' && { 'retry-after': String(wait) }),
    },
  };
}

function refusalOfFramework(status: number, error: unknown): Refusal {
  const code = isMalformedUrl(error) ? 'malformed_url' : codeOfStatus(status);
  return {
    status,
    code,
    detail: DETAIL_OF_CODE[code] ?? `${titleOf(code)}.`,
    ...(status === 503 && { members: readinessOf(error) }),
    headers: {
      ...(status === 401 && { 'www-authenticate': challengeOf(code) }),
      ...((status === 429 || status === 503) && { 'retry-after': String(SECONDS_TO_WAIT) }),
    },
  };
}

/** What a health check found: NestJS's checks throw it. */
function readinessOf(error: unknown): Refusal['members'] {
  const body = error instanceof HttpException ? error.getResponse() : undefined;
  return typeof body === 'object' && 'details' in body ? { details: body.details } : undefined;
}

function codeOfStatus(status: number): string {
  return CODE_OF_STATUS[status] ?? 'malformed_request';
}

/** RFC 6750: the error is named only when a token was given. */
function challengeOf(code: string): string {
  return code === 'authorization_required' ? 'Bearer' : 'Bearer error="invalid_token"';
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error)) return undefined;
  if (!('statusCode' in error)) return isMalformedUrl(error) ? 400 : undefined;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 ? error.statusCode : undefined;
}

/** An error of `decodeURIComponent`, or Fastify's; Fastify uses the class for a path that is too long too. */
function isMalformedUrl(error: unknown): boolean {
  return frameworkCode(error) === 'FST_ERR_BAD_URL' || (error instanceof URIError && !('statusCode' in error));
}

function frameworkCode(error: unknown): unknown {
  const origin = error instanceof HttpException ? error.cause : error;
  return origin instanceof Error && 'code' in origin ? origin.code : undefined;
}
