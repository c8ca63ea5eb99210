import type { DiscoveryService } from '@nestjs/core';
import type { IEvent, IEventHandler, IEventPublisher } from '@nestjs/cqrs';

/** Metadata key of `@EventsHandler`, which the package does not export. */
const HANDLED = '__eventsHandler__';

/**
 * Runs every handler of an event and waits for it, so that a handler that fails fails the command.
 * The bus's own publisher neither awaits handlers nor propagates their errors.
 */
export class AwaitedEventPublisher implements IEventPublisher {
  private handlers: ReadonlyMap<unknown, readonly IEventHandler[]> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  async publish(event: IEvent): Promise<void> {
    this.handlers ??= this.registered();
    for (const handler of this.handlers.get(event.constructor) ?? []) await handler.handle(event);
  }

  /** Runs them in sequence, because the order of events is the order of their journal entries. */
  async publishAll(events: IEvent[]): Promise<void> {
    for (const event of events) await this.publish(event);
  }

  private registered(): ReadonlyMap<unknown, readonly IEventHandler[]> {
    const handlers = new Map<unknown, IEventHandler[]>();
    for (const { metatype, instance } of this.discovery.getProviders()) {
      const classes = (metatype && Reflect.getMetadata(HANDLED, metatype)) as readonly unknown[] | undefined;
      for (const event of classes ?? []) {
        const known = handlers.get(event) ?? [];
        handlers.set(event, [...known, instance as IEventHandler]);
      }
    }
    return handlers;
  }
}
