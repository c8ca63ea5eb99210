export { CqrsModule } from './cqrs.module.js';
export { AwaitedEventPublisher } from './awaited-event-publisher.js';
