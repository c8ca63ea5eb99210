import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BrokerSettings } from '#platform/config';
import { Log, Metrics } from '#platform/observability';
import { RpcController } from './rpc.controller.js';
import { RpcErrorFilter } from './rpc-error.filter.js';
import { RpcGuard } from './rpc.guard.js';
import { RpcServer } from './rpc-server.js';

/** What other services ask over RabbitMQ. */
@Module({ controllers: [RpcController], providers: [RpcGuard, RpcErrorFilter] })
export class RpcModule {}

/** Puts RPC on the application, where a broker is configured. Call it before `init`. */
export function prepareRpc(app: NestFastifyApplication): void {
  const settings = app.get(BrokerSettings, { strict: false });
  if (settings.url === undefined) return;
  const strategy = new RpcServer(settings, app.get(Log, { strict: false }), app.get(Metrics, { strict: false }));
  app.connectMicroservice({ strategy });
}

/**
 * Begins to take requests. Not waited for: a broker that is down takes RPC away, not HTTP, and the connection comes by
 * itself when the broker is there.
 */
export function startRpc(app: NestFastifyApplication): void {
  const log = app.get(Log, { strict: false });
  app.startAllMicroservices().catch((error: unknown) => log.error({ err: error }, 'RPC could not start'));
}
