import { RabbitMQModule, type RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BrokerSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { BrokerTopology } from './broker-topology.js';

const CONNECT_TIMEOUT_MS = 10_000;

@Module({ imports: [DiscoveryModule], providers: [BrokerTopology], exports: [BrokerTopology] })
class BrokerTopologyModule {}

/** golevelup's connection with our topology, declared before each connection. */
export function brokerModule(): DynamicModule {
  return RabbitMQModule.forRootAsync({
    imports: [BrokerTopologyModule],
    inject: [BrokerSettings, BrokerTopology, Log],
    useFactory: (settings: BrokerSettings, topology: BrokerTopology, log: Log): RabbitMQConfig => ({
      name: 'crm',
      uri: settings.url!,
      prefetchCount: 20,
      connectionInitOptions: { wait: true, timeout: CONNECT_TIMEOUT_MS, reject: true },
      connectionManagerOptions: {
        findServers: () => topology.prepare(),
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

/** Provides {@link BrokerTopology} beside the connection. */
export const BROKER_TOPOLOGY = BrokerTopologyModule;
