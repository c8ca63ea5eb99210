export { BusModule } from './bus.module.js';
export { AwaitedEventPublisher } from './awaited-event-publisher.js';
export { BatchedCommandHandler, type BatchOptions } from './command-batches.js';
