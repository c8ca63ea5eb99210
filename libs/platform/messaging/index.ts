export { AggregateRepository, AggregateStore } from './aggregate.repository.js';
export {
  attributesOf,
  CLOUD_EVENT_CONTENT_TYPE,
  type CloudEventAttributes,
  envelopeOf,
  EVENT_TYPE_PREFIX,
  schemaUri,
} from './cloud-event.js';
export { ENVELOPE_SCHEMA } from './envelope-schema.js';
export { type Change, EventLog, type StreamHead } from './event-log.js';
export { type EventDeclaration, EventType, type LoggedFact } from './event-type.js';
export { type LoggedEvent, LogReader } from './log-reader.js';
export { LogSignal } from './log-signal.js';
export { MessagingModule } from './messaging.module.js';
export { RabbitSubscriptions } from './rabbit-subscriptions.js';
export { type EventSubscriber, matchesKey, type ReceivedEvent, Subscribe, type Subscription } from './subscriber.js';
export { Wakeup } from './wakeup.js';
