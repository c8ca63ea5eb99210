import type { EventBus, IEvent, IEventPublisher } from '@nestjs/cqrs';
import { lastValueFrom, of, type OperatorFunction } from 'rxjs';

/**
 * Runs every handler of an event and waits for it, so that a handler that fails fails the command.
 * The bus's own publisher lets handlers run on behind the caller's back and swallows what they throw.
 */
export class AwaitedEventPublisher implements IEventPublisher {
  constructor(private readonly bus: EventBus) {}

  async publish(event: IEvent): Promise<void> {
    for (const operator of this.operators()) await lastValueFrom(of(event).pipe(operator), { defaultValue: undefined });
  }

  /** One after the other: the order of events is the order of their journal entries. */
  async publishAll(events: IEvent[]): Promise<void> {
    for (const event of events) await this.publish(event);
  }

  /** One operator for each handler: it filters by the event's class and calls the handler. */
  private operators(): OperatorFunction<IEvent, unknown>[] {
    return (this.bus as unknown as { eventOperators: OperatorFunction<IEvent, unknown>[] }).eventOperators;
  }
}
