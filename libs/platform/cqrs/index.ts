export { CqrsModule } from './cqrs.module.js';
export { AwaitedEventPublisher } from './awaited-event-publisher.js';
export { BatchedCommandHandler } from './batched-command-handler.js';
export type { BatchOptions } from './command-batches.js';
