import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { newId } from '#platform/kernel';
import { PROBLEM_TYPE, sendProblem } from '../problems/problem.js';
import { type Refusal, titleOf } from '../problems/refusal.js';

/** Codes of requests that the HTTP parser refuses; any other is `malformed_request`. */
const PARSER_REFUSALS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'body_too_large'],
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large'],
};

/** Encodings that change nothing. */
const IDENTITY = /^[\s,]*(?:identity[\s,]*)*$/i;

const INVALID_HOST: Refusal = {
  status: 400,
  code: 'invalid_host',
  detail: 'Send exactly one Host header.',
  headers: { connection: 'close' },
};
const EXPECTATION_FAILED: Refusal = {
  status: 417,
  code: 'expectation_failed',
  detail: 'Expect takes 100-continue and nothing else.',
  headers: { connection: 'close' },
};

const ENCODED_BODY: Refusal = {
  status: 415,
  code: 'unsupported_media_type',
  detail: 'Send the body without Content-Encoding: none is decoded.',
  headers: { 'accept-encoding': 'identity' },
};

/**
 * Refuses requests that break the rules of HTTP, or whose body is encoded, with a problem document. Node.js answers them itself, without a body,
 * unless its own checks are off: create the server with `requireHostHeader: false`.
 */
export function installProtocolChecks(fastify: FastifyInstance): void {
  const { server } = fastify;
  // Without a listener Node.js answers 417 itself.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Without a listener Node.js closes the connection.
  server.on('connect', (_request, socket: Duplex) =>
    writeProblem(fastify.problemBase, socket, 405, 'method_not_allowed'),
  );
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalOfProtocol(request);
    if (refusal) sendProblem(request, reply, refusal);
    else done();
  });
}

/** Answers what is not an HTTP request; Fastify has no request object for it. */
export function refuseUnparsed(this: { problemBase: string }, error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, code] = PARSER_REFUSALS[error.code ?? ''] ?? [400, 'malformed_request'];
  writeProblem(this.problemBase, socket, status, code, error);
}

function refusalOfProtocol({ raw }: FastifyRequest): Refusal | undefined {
  const hosts = countOf('host', raw.rawHeaders);
  const isRequired = raw.httpVersionMajor === 1 && raw.httpVersionMinor >= 1;
  if (hosts > 1 || (isRequired && hosts === 0)) return INVALID_HOST;
  const { expect, 'content-encoding': encoding } = raw.headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return EXPECTATION_FAILED;
  return encoding === undefined || IDENTITY.test(encoding) ? undefined : ENCODED_BODY;
}

/** How often a header is given: `headers` of Node.js keeps only the first value of most. */
function countOf(header: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === header.length && name.toLowerCase() === header) count++;
  }
  return count;
}

function writeProblem(problemBase: string, socket: Duplex, status: number, code: string, error?: Error): void {
  const title = titleOf(code);
  const problem = {
    type: `${problemBase}${code}`,
    title,
    status,
    detail: `${title}.`,
    code,
    trace_id: newId().replaceAll('-', ''),
  };
  const body = JSON.stringify(problem);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}
