import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyPluginCallback } from 'fastify';

const PATH = '/console/';
/** Where the build puts the page. */
const FILES = fileURLToPath(new URL('../../../console/src/', import.meta.url));

/** Nothing from elsewhere, nothing inline, and nothing sent elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  // A new build is seen at once; what has not changed is not sent again.
  'cache-control': 'no-cache',
};

/**
 * Serves the console at `/console` to everyone: a page without data, which asks the API as whoever signs in on it.
 * Call it before `init`.
 */
export function serveConsole(app: NestFastifyApplication): void {
  const pages: FastifyPluginCallback = (fastify, _options, done) => {
    fastify.setErrorHandler(fastify.answerError);
    fastify.register(fastifyStatic, {
      root: FILES,
      prefix: PATH,
      decorateReply: false,
      wildcard: false,
      cacheControl: false,
      setHeaders: (response) => {
        for (const [name, value] of Object.entries(HEADERS)) response.header(name, value);
      },
    });
    done();
  };
  app.getHttpAdapter().getInstance().register(pages);
}
