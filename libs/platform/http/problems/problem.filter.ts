import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Log } from '#platform/observability';
import { pathOf, sendProblem } from './problem.js';
import type { Refusal } from './refusal.js';
import { refusalOf } from './refusal-of-error.js';
import { API_PREFIX, RouteTable } from '../server/route-table.js';

/** Answers every error over HTTP with a problem document, and logs unexpected ones once. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = request.is404 ? this.refusalOfRoute(request) : refusalOf(error);
    if (refusal.isUnexpected) this.report(error, request);
    if (reply.raw.headersSent || reply.sent) {
      // The answer is partly sent: only closing the connection shows the client that it is incomplete.
      reply.raw.destroy();
      return;
    }
    sendProblem(request, reply, refusal);
  }

  private refusalOfRoute(request: FastifyRequest): Refusal {
    const path = pathOf(request.url);
    const methods = this.routes.methodsOf(path);
    // A wildcard route may have looked for a file and not found it.
    if (methods.length === 0 || methods.includes(request.method)) {
      const prefixed = `/${API_PREFIX}${path}`;
      const hint = this.routes.methodsOf(prefixed).length > 0 ? ` Did you mean ${prefixed}?` : '';
      return { status: 404, code: 'route_not_found', detail: `There is nothing at this path.${hint}` };
    }
    const allow = methods.join(', ');
    const detail = `This path takes ${allow}.`;
    return { status: 405, code: 'method_not_allowed', detail, headers: { allow } };
  }

  private report(error: unknown, request: FastifyRequest): void {
    const route = request.routeOptions.url ?? null;
    this.log.error({ err: error, method: request.method, route }, 'a request failed');
  }
}
