import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { accessTokenOf, authorizationRequired, CrossSiteCheck, requireAccess, TokenVerifier } from '#platform/auth';
import { factsOf, type Refusal, refusalOf, requireStorable, sendProblem, turnIntoProblem } from '#platform/http';
import { JobBoard } from '#platform/jobs';

const PATH = '/admin/queues';
const TITLE = 'Queues of the CRM';

/** Content security policy: own files only. The page sets inline styles, and a `<base>` element. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A style sheet, icon or script of another server. */
const FOREIGN_ELEMENT = /<(?:link|script)\b[^>]*\b(?:href|src)="(?:https?:)?\/\/[^>]*>(?:<\/script>)?/g;

/**
 * Serves the dashboard of the queues at `/admin/queues`, with no file from elsewhere, to admins alone. Call it before
 * `init`.
 */
export function serveQueueDashboard(app: NestFastifyApplication): void {
  const verifier = app.get(TokenVerifier, { strict: false });
  const crossSite = app.get(CrossSiteCheck, { strict: false });
  const board = new FastifyAdapter().setBasePath(PATH);
  // The adapter declares its own copy of the board's types.
  app.get(JobBoard, { strict: false }).show(board as unknown as Parameters<JobBoard['show']>[0], TITLE);
  const dashboard: FastifyPluginCallback = (fastify, _options, done) => {
    fastify.setErrorHandler(fastify.answerError);
    fastify.addHook('onRequest', (request, reply) => letAdminsIn(verifier, crossSite, request, reply));
    fastify.addHook('preHandler', requireStorableText);
    fastify.addHook('preSerialization', (request, reply, body, made) => made(null, answerOf(request, reply, body)));
    fastify.addHook('onSend', (_request, reply, payload, sent) => sent(null, own(reply, payload)));
    fastify.register((scope, options, registered) =>
      board.registerPlugin()(withOwnErrorHandler(scope), options, registered),
    );
    done();
  };
  app.getHttpAdapter().getInstance().register(dashboard, { prefix: PATH });
}

/** Restores the error handler of `scope`, because the adapter's handler would answer with the error's own message. */
function withOwnErrorHandler(scope: FastifyInstance): FastifyInstance {
  return Object.create(scope, { setErrorHandler: { value: () => undefined } }) as FastifyInstance;
}

function requireStorableText(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  try {
    requireStorable(request);
    done();
  } catch (error) {
    done(error as Error);
  }
}

/** An error answer of the board's handlers. */
interface BoardError {
  /** A key of its translations, for example `ERRORS.JOB_NOT_FOUND`. */
  readonly error: { readonly key: string };
  readonly message?: string;
}

/** Converts an answer of the board's handlers; an error becomes a problem document. */
function answerOf(request: FastifyRequest, reply: FastifyReply, body: unknown): unknown {
  return reply.statusCode < 400 ? body : turnIntoProblem(request, reply, refusalOfBoard(reply.statusCode, body));
}

function refusalOfBoard(status: number, body: unknown): Refusal {
  const { error, message } = body as BoardError;
  const code = error.key.replace(/^ERRORS\./, '').toLowerCase();
  const detail = message ?? `The queues answer: ${code.replaceAll('_', ' ')}.`;
  // The page shows `error` and `message` to its user.
  return { status, code, detail, members: { error, ...(message !== undefined && { message }) } };
}

async function letAdminsIn(
  verifier: TokenVerifier,
  crossSite: CrossSiteCheck,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  try {
    const token = accessTokenOf(request);
    if (token === undefined) throw authorizationRequired();
    crossSite.require(request);
    const { caller } = await verifier.verify(token);
    factsOf(request).callerId = caller.userId;
    requireAccess(caller, 'queues', request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'edit');
    return undefined;
  } catch (error) {
    sendProblem(request, reply, refusalOf(error));
    return reply;
  }
}

/** Removes everything from the page that it would load from other servers. */
function own(reply: FastifyReply, payload: unknown): unknown {
  reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  reply.header('referrer-policy', 'same-origin');
  const isPage = String(reply.getHeader('content-type')).startsWith('text/html') && typeof payload === 'string';
  return isPage ? payload.replaceAll(FOREIGN_ELEMENT, '') : payload;
}
