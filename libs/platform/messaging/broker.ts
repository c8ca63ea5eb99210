import { RabbitMQModule, type RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import type { DynamicModule } from '@nestjs/common';
import { BrokerSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { exchangesOf, UNROUTED } from './broker-topology.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** golevelup's connection with our topology: a broker that was configured and can't be reached fails the start. */
export function brokerModule(): DynamicModule {
  return RabbitMQModule.forRootAsync({
    inject: [BrokerSettings, Log],
    useFactory: (settings: BrokerSettings, log: Log): RabbitMQConfig => ({
      name: 'crm',
      uri: settings.url!,
      prefetchCount: 20,
      exchanges: exchangesOf(settings.exchange).map((exchange) => ({ ...exchange })),
      queues: [{ name: UNROUTED, exchange: UNROUTED, routingKey: '', options: { durable: true } }],
      connectionInitOptions: { wait: true, timeout: CONNECT_TIMEOUT_MS, reject: true },
      connectionManagerOptions: {
        heartbeatIntervalInSeconds: 5,
        reconnectTimeInSeconds: 1,
        // With Nagle's algorithm on, an event waits 33 ms for its frame to be sent.
        connectionOptions: { noDelay: true },
      },
      // The body is parsed by the subscriber, so that a malformed one is refused instead of requeued for ever.
      deserializer: (body) => body,
      registerHandlers: false,
      logger: log,
    }),
  });
}
