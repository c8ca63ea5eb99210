import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_PREFIX } from '../server/route-table.js';

const DOCS_PATH = 'docs';

/** Everything comes from here; the page has a style sheet of its own inside it, and no script. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the document at `/api/v1/openapi.json` and, browsable, at `/docs`, with no file from elsewhere.
 * Call it before `init`.
 * @param document made at the first request, so that starting doesn't wait for it.
 */
export function serveDocs(app: NestFastifyApplication, document: () => OpenAPIObject): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      if (!route.url.startsWith(`/${DOCS_PATH}`)) return;
      route.onSend = (_request, reply, payload, done) => {
        reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
        done(null, payload);
      };
    });
  SwaggerModule.setup(DOCS_PATH, app, document, {
    jsonDocumentUrl: `${API_PREFIX}/openapi.json`,
    raw: ['json'],
    // The badge would send the document's address to a server elsewhere.
    swaggerOptions: { validatorUrl: null, persistAuthorization: false },
  });
}
