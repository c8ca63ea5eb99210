export { appendingEach } from './append-statement.js';
export { type Audience, audienceOf, audienceSql, isInAudience } from './audience.js';
export { AggregateRepository, AggregateStore } from './aggregate.repository.js';
export { type BrokerFindings, examineBroker } from './broker-findings.js';
export { depthOf, UNROUTED, withBroker } from './broker-topology.js';
export { BrokerQueues } from './broker-queues.js';
export {
  attributesOf,
  CLOUD_EVENT_CONTENT_TYPE,
  type CloudEventAttributes,
  cloudEventOf,
  envelopeOf,
  EVENT_TYPE_PREFIX,
  schemaUri,
} from './cloud-event.js';
export { redeliver } from './dead-letters.js';
export { QueueMissingError } from './confirmed-channel.js';
export { ENVELOPE_SCHEMA } from './envelope-schema.js';
export { type Bookmark, type BookmarkMove, EventBookmarks } from './event-bookmarks.js';
export { type Change, CHANGE_MEMBERS, EventLog, type StreamHead } from './event-log.js';
export { EVENT_REPLAYS, EventReplays, type Replay } from './event-replays.js';
export { type ExchangeBinding, type Recreation, recreateExchange } from './exchange-recreation.js';
export { EventRetention } from './event-retention.js';
export { type EventDeclaration, EventType, type LoggedFact } from './event-type.js';
export { type ReaderLag, readerLags, unsequenced } from './log-lag.js';
export { LogPartitions } from './log-partitions.js';
export { type LogFilter, type LoggedEvent, type LogPage, LogReader } from './log-reader.js';
export { LogSignal } from './log-signal.js';
export { MessagingModule } from './messaging.module.js';
export { LOCAL_CURSOR, RABBITMQ_CURSOR } from './event-cursor.js';
export { PARKED_COUNTS, type ParkedCount, ParkedEvents } from './parked-events.js';
export { isPosition, positionGone, positionInFuture } from './position.js';
export { Projection, PROJECTIONS } from './projection.js';
export { deadQueueOf } from './queue-names.js';
export { QueueReplay } from './queue-replay.js';
export { RabbitSubscriptions } from './rabbit-subscriptions.js';
export { type EventSubscriber, matchesKey, type ReceivedEvent, Subscribe, type Subscription } from './subscriber.js';
export { isTypePattern } from './type-patterns.js';
export { Wakeup } from './wakeup.js';
