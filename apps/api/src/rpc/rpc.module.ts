import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BrokerSettings } from '#platform/config';
import { Log, Metrics } from '#platform/observability';
import { RpcController } from './rpc.controller.js';
import { RpcErrorFilter } from './rpc-error.filter.js';
import { RpcGuard } from './rpc.guard.js';
import { RpcServer } from './rpc-server.js';

/** Queries of other services over RabbitMQ. */
@Module({ controllers: [RpcController], providers: [RpcGuard, RpcErrorFilter] })
export class RpcModule {}

/** Connects the RPC transport to the application where a broker is configured. Call it before `init`. */
export function prepareRpc(app: NestFastifyApplication): void {
  const settings = app.get(BrokerSettings, { strict: false });
  if (settings.url === undefined) return;
  const strategy = new RpcServer(settings, app.get(Log, { strict: false }), app.get(Metrics, { strict: false }));
  app.connectMicroservice({ strategy });
}

/**
 * Starts to consume requests without waiting for the broker: HTTP must start while RabbitMQ is down, and the connection
 * is established as soon as the broker is available.
 */
export function startRpc(app: NestFastifyApplication): void {
  const log = app.get(Log, { strict: false });
  app.startAllMicroservices().catch((error: unknown) => log.error({ err: error }, 'RPC could not start'));
}
