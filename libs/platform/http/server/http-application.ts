import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HttpSettings, RuntimeSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { installConnectionDrain } from './connection-drain.js';
import { installFileUpload } from '../uploads/file-upload.js';
import { installJsonBody } from '../validation/json-body.js';
import { installListJson } from '../lists/list-json.js';
import { sendProblem } from '../problems/problem.js';
import { ProblemFilter } from '../problems/problem.filter.js';
import { installProtocolChecks, refuseUnparsed } from './protocol-checks.js';
import { refusalOf } from '../problems/refusal-of-error.js';
import { installRequestFacts, requestIdOf } from './request-facts.js';
import { ResourceAdapter } from './resource-adapter.js';
import { API_PREFIX, RouteTable } from './route-table.js';
import { TrustedProxies } from './trusted-proxies.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** What a problem's code is put behind to make its type. */
    problemBase: string;
    /** Whether a change without `If-Match` is refused. */
    requiresIfMatch: boolean;
    /** Whose `X-Forwarded-*` headers are trusted. */
    trustedProxies: TrustedProxies;
    /**
     * Answers an error with a problem document: the error handler of a plugin. Routes that are registered before NestJS
     * sets its error handler would have Fastify's own.
     */
    answerError: ProblemFilter['answer'];
  }
}

/** Paths at the root: for probes, for browsers, and for streams. */
const WITHOUT_PREFIX = [
  'healthz',
  'health',
  'health/*path',
  'metrics',
  'docs',
  'docs/*path',
  'streams',
  'streams/*path',
  // A controller that stands both at the root and under the prefix writes the prefix itself.
  `${API_PREFIX}/streams/*path`,
  'admin/queues',
  'admin/queues/*path',
];

const MAX_PATH_PARAMETER_LENGTH = 500;
/** How long a client may take to send one request. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Above the usual 60 s of load balancers, so that they, not we, end an idle connection. */
const KEEP_ALIVE_MS = 72_000;

/** Of the time to stop, what requests may take; the rest is for the connections to servers behind. */
const DRAIN_SHARE = 0.75;

/** The whole HTTP application of `module`, which imports {@link HttpModule}; not listening yet. */
export async function createHttpApplication(module: Type | DynamicModule): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(), {
    bodyParser: false,
    bufferLogs: true,
    // Until our log is ready: the program that started it reports failures in one line.
    logger: false,
    abortOnError: false,
  });
  app.useLogger(app.get(Log));
  configureHttp(app);
  return app;
}

/** Fastify as this service needs it; the application is created with `bodyParser: false`. */
export function createHttpAdapter(): FastifyAdapter {
  const trustedProxies = new TrustedProxies();
  const adapter = new ResourceAdapter({
    trustProxy: trustedProxies.includes,
    genReqId: requestIdOf,
    // Checked by the protocol checks, whose answer has a body.
    http: { requireHostHeader: false },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PATH_PARAMETER_LENGTH },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // What is accepted while closing is still answered; the connection is then closed.
    return503OnClosing: false,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(request, reply, refusalOf(error)),
    clientErrorHandler: refuseUnparsed,
  });
  adapter.getInstance().decorate('trustedProxies', trustedProxies);
  return adapter;
}

/**
 * Configures what precedes NestJS's routing: call it after creation and before `init`, once. Guards, pipes, interceptors
 * and the filter are providers of `HttpModule`.
 */
export function configureHttp(app: NestFastifyApplication): void {
  const settings = app.get(HttpSettings, { strict: false });
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorate('problemBase', `${settings.publicUrl!.replace(/\/$/, '')}/problems/`);
  fastify.decorate('requiresIfMatch', settings.requireIfMatch);
  fastify.trustedProxies.add(settings.trustedProxies ?? []);
  installRequestFacts(fastify);
  installProtocolChecks(fastify);
  installJsonBody(fastify, settings.bodyLimitBytes);
  installFileUpload(fastify);
  installListJson(fastify);
  installConnectionDrain(fastify, DRAIN_SHARE * app.get(RuntimeSettings, { strict: false }).shutdownTimeoutMs);
  app.get(RouteTable, { strict: false }).install(fastify);
  app.setGlobalPrefix(API_PREFIX, { exclude: WITHOUT_PREFIX });
  const filter = app.get(ProblemFilter, { strict: false });
  fastify.decorate('answerError', filter.answer.bind(filter));
}
