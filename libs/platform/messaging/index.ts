export { type Audience, audienceOf, isInAudience } from './events/audience.js';
export { AggregateRepository, AggregateStore } from './outbox/aggregate.repository.js';
export { type BrokerFindings, examineBroker } from './broker/broker-findings.js';
export { connectToBroker, depthOf, UNROUTED, withBroker } from './broker/broker-topology.js';
export { BrokerQueues } from './broker/broker-queues.js';
export {
  attributesOf,
  CLOUD_EVENT_CONTENT_TYPE,
  type CloudEventAttributes,
  cloudEventOf,
  envelopeOf,
  EVENT_TYPE_PREFIX,
  schemaUri,
} from './events/cloud-event.js';
export { redeliver } from './broker/dead-letters.js';
export { SEQUENCER_LEASE } from './publishing/leader.js';
export { QueueMissingError } from './publishing/confirmed-channel.js';
export { ENVELOPE_SCHEMA } from './events/envelope-schema.js';
export { type Bookmark, type BookmarkMove, EventBookmarks } from './replay/event-bookmarks.js';
export { type Change, EventLog, type StreamHead } from './outbox/event-log.js';
export { EVENT_REPLAYS, EventReplays, type Replay } from './replay/event-replays.js';
export { type ExchangeBinding, type Recreation, recreateExchange } from './broker/exchange-recreation.js';
export { EventRetention } from './outbox/event-retention.js';
export { type EventDeclaration, EventType, type LoggedFact } from './events/event-type.js';
export { type ReaderLag, readerLags, unsequenced } from './publishing/log-lag.js';
export { LogPartitions } from './outbox/log-partitions.js';
export { type LogFilter, type LoggedEvent, type LogPage, LogReader } from './outbox/log-reader.js';
export { LogSignal } from './outbox/log-signal.js';
export { MessagingModule } from './messaging.module.js';
export { LOCAL_CURSOR, RABBITMQ_CURSOR } from './publishing/event-cursor.js';
export { PARKED_COUNTS, type ParkedCount, ParkedEvents } from './publishing/parking/parked-events.js';
export { isPosition, positionGone, positionInFuture } from './outbox/position.js';
export { Projection, PROJECTIONS } from './projections/projection.js';
export { ProjectionRebuilds, type ProjectionState } from './projections/projection-rebuilds.js';
export { deadQueueOf } from './broker/queue-names.js';
export { QueueReplay } from './replay/queue-replay.js';
export { RabbitSubscriptions } from './subscribing/rabbit-subscriptions.js';
export {
  type EventSubscriber,
  matchesKey,
  type ReceivedEvent,
  Subscribe,
  type Subscription,
} from './subscribing/subscriber.js';
export { isTypePattern } from './events/type-patterns.js';
export { LOG_POLL_MS, Wakeup } from './outbox/wakeup.js';
