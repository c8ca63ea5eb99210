import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AggregateStore } from './aggregate.repository.js';
import { brokerModule } from './broker.js';
import { ConfirmedChannels } from './confirmed-channel.js';
import { EventLog } from './event-log.js';
import { LocalDelivery } from './local-delivery.js';
import { LogMetrics } from './log-metrics.js';
import { LogReader } from './log-reader.js';
import { LogSignal } from './log-signal.js';
import { RabbitPublisher } from './rabbit-publisher.js';
import { RabbitSubscriptions } from './rabbit-subscriptions.js';
import { Sequencer } from './sequencer.js';
import { Subscriptions } from './subscriptions.js';

const LOG: Provider[] = [EventLog, LogReader, LogSignal, AggregateStore];

/** The event log and its readers. */
@Module({})
export class MessagingModule {
  /** For a process that writes and reads the log. */
  static forApi(): DynamicModule {
    return { module: MessagingModule, global: true, providers: LOG, exports: LOG };
  }

  /** For the process that also orders, publishes and subscribes: over RabbitMQ when it is configured, else in process. */
  static forWorker(hasBroker: boolean): DynamicModule {
    const delivery = hasBroker ? [ConfirmedChannels, RabbitPublisher, RabbitSubscriptions] : [LocalDelivery];
    return {
      module: MessagingModule,
      global: true,
      imports: [DiscoveryModule, ...(hasBroker ? [brokerModule()] : [])],
      providers: [...LOG, Subscriptions, Sequencer, LogMetrics, ...delivery],
      exports: [...LOG, ...(hasBroker ? [RabbitSubscriptions] : [])],
    };
  }
}
