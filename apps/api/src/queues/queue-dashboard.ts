import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { authorizationRequired, CrossSiteCheck, presentedToken, requireAccess, TokenVerifier } from '#platform/auth';
import { factsOf, refusalOf, sendProblem } from '#platform/http';
import { JobBoard } from '#platform/jobs';

const PATH = '/admin/queues';
const TITLE = 'Queues of the CRM';

/** Everything comes from here. The page styles its elements one by one, and its address is told by `<base>`. */
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
  // The adapter has a copy of the board's types of its own.
  app.get(JobBoard, { strict: false }).show(board as unknown as Parameters<JobBoard['show']>[0], TITLE);
  const dashboard: FastifyPluginCallback = (fastify, _options, done) => {
    fastify.addHook('onRequest', (request, reply) => letAdminsIn(verifier, crossSite, request, reply));
    fastify.addHook('onSend', (_request, reply, payload, sent) => sent(null, own(reply, payload)));
    fastify.register(board.registerPlugin(), {});
    done();
  };
  app.getHttpAdapter().getInstance().register(dashboard, { prefix: PATH });
}

async function letAdminsIn(
  verifier: TokenVerifier,
  crossSite: CrossSiteCheck,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  try {
    const token = presentedToken(request, false);
    if (token === undefined) throw authorizationRequired();
    crossSite.require(request, false);
    const { caller } = await verifier.verify(token);
    factsOf(request).callerId = caller.userId;
    requireAccess(caller, 'queues', request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'edit');
    return undefined;
  } catch (error) {
    sendProblem(request, reply, refusalOf(error));
    return reply;
  }
}

/** The page without what it would fetch from other servers. */
function own(reply: FastifyReply, payload: unknown): unknown {
  reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  reply.header('referrer-policy', 'same-origin');
  const isPage = String(reply.getHeader('content-type')).startsWith('text/html') && typeof payload === 'string';
  return isPage ? payload.replaceAll(FOREIGN_ELEMENT, '') : payload;
}
