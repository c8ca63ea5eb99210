import { type Metrics } from '#platform/observability';
import type { FastifyInstance } from 'fastify';

/** Times every answered request by method, route and status; event streams are counted when they end. */
export function installRequestMetrics(fastify: FastifyInstance, metrics: Metrics): void {
  const duration = metrics.duration('crm_http_request_duration_seconds', 'Time to answer a request', [
    'method',
    'route',
    'status',
  ]);
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}
