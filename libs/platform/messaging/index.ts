export { AggregateRepository, AggregateStore } from './aggregate.repository.js';
export { attributesOf, envelopeOf, type CloudEventAttributes } from './cloud-event.js';
export { type Change, EventLog, type LoggedFact, type StreamHead } from './event-log.js';
export { type LoggedEvent, LogReader } from './log-reader.js';
export { LogSignal } from './log-signal.js';
export { MessagingModule } from './messaging.module.js';
export { RabbitSubscriptions } from './rabbit-subscriptions.js';
export { type EventSubscriber, matchesKey, type ReceivedEvent, Subscribe, type Subscription } from './subscriber.js';
export { Wakeup } from './wakeup.js';
