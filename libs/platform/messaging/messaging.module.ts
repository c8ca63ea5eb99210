import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AggregateStore } from './outbox/aggregate.repository.js';
import { BROKER_TOPOLOGY, brokerModule } from './broker/broker.js';
import { BrokerMetrics } from './broker/broker-metrics.js';
import { ConfirmedChannels } from './publishing/confirmed-channel.js';
import { EventBookmarks } from './replay/event-bookmarks.js';
import { EventLog } from './outbox/event-log.js';
import { EventReplays } from './replay/event-replays.js';
import { EventRetention } from './outbox/event-retention.js';
import { LocalDelivery } from './publishing/local-delivery.js';
import { LogMetrics } from './publishing/log-metrics.js';
import { LogPartitions } from './outbox/log-partitions.js';
import { LogReader } from './outbox/log-reader.js';
import { LogSignal } from './outbox/log-signal.js';
import { ParkedEvents } from './publishing/parking/parked-events.js';
import { ProjectionRebuilds } from './projections/projection-rebuilds.js';
import { ProjectionResources } from './projections/projection-reader.js';
import { Projections } from './projections/projections.js';
import { QueueReplay } from './replay/queue-replay.js';
import { RabbitPublisher } from './publishing/rabbit-publisher.js';
import { RabbitSubscriptions } from './subscribing/rabbit-subscriptions.js';
import { RetiredQueues } from './broker/retired-queues.js';
import { Sequencer } from './publishing/sequencer.js';
import { Subscriptions } from './subscribing/subscriptions.js';

const READING: Provider[] = [LogReader, LogSignal, EventBookmarks, EventReplays, ParkedEvents, ProjectionRebuilds];
const LOG: Provider[] = [...READING, EventLog, AggregateStore];
const KEEPING: Provider[] = [EventRetention, LogPartitions];
const PUBLISHING: Provider[] = [ConfirmedChannels, QueueReplay];

/** The process that imports the module. Only the API needs no broker: it writes and reads the log. */
type MessagingOptions =
  { readonly process: 'api' } | { readonly process: 'command' | 'worker'; readonly hasBroker: boolean };

/** The event log and its readers. */
@Module({})
export class MessagingModule {
  /**
   * Gives the API the log and its readers, a command of the command line the readers, and the worker everything that
   * sequences, publishes and subscribes.
   */
  static forRoot(options: MessagingOptions): DynamicModule {
    if (options.process === 'api') return this.forApi();
    return options.process === 'command' ? this.forCommand(options.hasBroker) : this.forWorker(options.hasBroker);
  }

  private static forApi(): DynamicModule {
    return { module: MessagingModule, global: true, providers: LOG, exports: LOG };
  }

  /** With a broker, parts of the log can be sent to a queue. */
  private static forCommand(hasBroker: boolean): DynamicModule {
    const providers = [...READING, ...(hasBroker ? PUBLISHING : [])];
    const imports = hasBroker ? [BROKER_TOPOLOGY, brokerModule(true)] : [];
    return { module: MessagingModule, global: true, imports, providers, exports: providers };
  }

  /** Delivers events over RabbitMQ, or without a broker in process. */
  private static forWorker(hasBroker: boolean): DynamicModule {
    const broker = [RabbitPublisher, RabbitSubscriptions, RetiredQueues, BrokerMetrics];
    const delivery = hasBroker ? [...PUBLISHING, ...broker] : [LocalDelivery];
    const following = [Subscriptions, ProjectionResources, Projections, Sequencer, LogMetrics];
    return {
      module: MessagingModule,
      global: true,
      imports: [DiscoveryModule, ...(hasBroker ? [BROKER_TOPOLOGY, brokerModule(false)] : [])],
      providers: [...LOG, ...KEEPING, ...following, ...delivery],
      exports: [...LOG, ...KEEPING, ...(hasBroker ? [RabbitSubscriptions, QueueReplay] : [])],
    };
  }
}
