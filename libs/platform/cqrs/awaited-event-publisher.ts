import type { DiscoveryService } from '@nestjs/core';
import type { IEvent, IEventHandler, IEventPublisher } from '@nestjs/cqrs';

/** Where `@EventsHandler` notes the classes of events; the package keeps the name to itself. */
const HANDLED = '__eventsHandler__';

/**
 * Runs every handler of an event and waits for it, so that a handler that fails fails the command.
 * The bus's own publisher lets handlers run on behind the caller's back and swallows what they throw.
 */
export class AwaitedEventPublisher implements IEventPublisher {
  private handlers: ReadonlyMap<unknown, readonly IEventHandler[]> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  async publish(event: IEvent): Promise<void> {
    this.handlers ??= this.registered();
    for (const handler of this.handlers.get(event.constructor) ?? []) await handler.handle(event);
  }

  /** One after the other: the order of events is the order of their journal entries. */
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
