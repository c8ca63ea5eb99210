import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyPluginCallback } from 'fastify';

const PATH = '/console/';
/** Folder that the build writes the page to. */
const FILES = fileURLToPath(new URL('../../../console/src/', import.meta.url));

/** Content security policy: only own files, no inline code, and requests to this server only. */
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
  // Clients see a new build at once; unchanged files are answered 304.
  'cache-control': 'no-cache',
};

/**
 * Serves the console at `/console` without authentication: the page has no data and calls the API with a user's token.
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
