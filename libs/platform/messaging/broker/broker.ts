import { RabbitMQModule, type RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BrokerSettings, RuntimeSettings, splitUrls } from '#platform/config';
import { Log } from '#platform/observability';
import { isMisconfigured } from './broker-errors.js';
import { BrokerTopology } from './broker-topology.js';

/** Of the first connection of a command, with its retries. */
const COMMAND_TIMEOUT_MS = 10_000;
/** Of one attempt to open a connection. */
const OPEN_TIMEOUT_MS = 5_000;
/** Between two log lines about a broker that can't be reached; attempts come more often. */
const LOG_EVERY_MS = 5_000;

@Module({ imports: [DiscoveryModule], providers: [BrokerTopology], exports: [BrokerTopology] })
class BrokerTopologyModule {}

/**
 * golevelup's connection with our topology, declared before each connection.
 * @param isRequired whether an unreachable broker fails the start. Else the process starts without it and connects when
 *   it is back; a wrong URL and a refused login fail the start in any case.
 */
export function brokerModule(isRequired: boolean): DynamicModule {
  return RabbitMQModule.forRootAsync({
    imports: [BrokerTopologyModule],
    inject: [BrokerSettings, RuntimeSettings, BrokerTopology, Log],
    useFactory: async (
      settings: BrokerSettings,
      { startTimeoutMs }: RuntimeSettings,
      topology: BrokerTopology,
      log: Log,
    ): Promise<RabbitMQConfig> => ({
      name: 'crm',
      uri: [...splitUrls(settings.url!)],
      prefetchCount: 20,
      connectionInitOptions: {
        wait: isRequired || (await isReachable(settings, topology, log)),
        timeout: isRequired ? COMMAND_TIMEOUT_MS : Math.max(startTimeoutMs, COMMAND_TIMEOUT_MS),
        reject: true,
        // It would be logged at each attempt, twice a second.
        skipConnectionFailedLogging: true,
      },
      connectionManagerOptions: {
        findServers: preparation(settings, topology, log),
        heartbeatIntervalInSeconds: 5,
        reconnectTimeInSeconds: 0.5,
        connectionOptions: {
          // With Nagle's algorithm on, an event waits 33 ms for its frame to be sent.
          noDelay: true,
          // A broker that hangs or starts accepts connections and does not answer: there is no heartbeat yet.
          timeout: OPEN_TIMEOUT_MS,
        },
      },
      // The body is parsed by the subscriber, so that a malformed one is refused instead of requeued for ever.
      deserializer: (body) => body,
      registerHandlers: false,
      logger: log,
    }),
  });
}

/** Declares the topology before each connection, and logs every five seconds that the broker can't be reached. */
function preparation(settings: BrokerSettings, topology: BrokerTopology, log: Log): () => Promise<string> {
  let loggedAt = -LOG_EVERY_MS;
  return async () => {
    try {
      return await topology.prepare();
    } catch (error) {
      const now = performance.now();
      if (now - loggedAt >= LOG_EVERY_MS) {
        loggedAt = now;
        log.warn({ err: error }, `waiting for ${nameOf(settings)}`);
      }
      throw error;
    }
  };
}

function nameOf({ url }: BrokerSettings): string {
  const hosts = splitUrls(url!).map((node) => new URL(node).host);
  return `RabbitMQ at ${hosts.join(', ')}`;
}

/** @throws Error when the URL is wrong or the login is refused. */
async function isReachable(settings: BrokerSettings, topology: BrokerTopology, log: Log): Promise<boolean> {
  try {
    await topology.prepare();
    return true;
  } catch (error) {
    if (isMisconfigured(error)) throw new Error(`RabbitMQ refuses CRM_RABBITMQ_URL: ${(error as Error).message}`);
    const fact = `${nameOf(settings)} can’t be reached: starting without it, events wait in the log`;
    log.warn({ err: error }, fact);
    return false;
  }
}

/** Provides {@link BrokerTopology} beside the connection. */
export const BROKER_TOPOLOGY = BrokerTopologyModule;
