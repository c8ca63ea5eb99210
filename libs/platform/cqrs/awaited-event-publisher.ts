import type { EventBus, IEvent, IEventPublisher } from '@nestjs/cqrs';
import { lastValueFrom, of, type OperatorFunction } from 'rxjs';

type HandlerOperator = OperatorFunction<IEvent, unknown>;

const NOT_ITS_EVENT = Symbol('not its event');

/**
 * Runs every handler of an event and waits for it, so that a handler that fails fails the command.
 * The bus's own publisher lets handlers run on behind the caller's back and swallows what they throw.
 */
export class AwaitedEventPublisher implements IEventPublisher {
  /** Of each class of events, the operators that call a handler: going through all of them costs more than a handler. */
  private readonly handling = new Map<unknown, readonly HandlerOperator[]>();

  constructor(private readonly bus: EventBus) {}

  async publish(event: IEvent): Promise<void> {
    const known = this.handling.get(event.constructor);
    const operators = known ?? this.operators();
    const handling: HandlerOperator[] = [];
    for (const operator of operators) {
      const outcome = await lastValueFrom(of(event).pipe(operator), { defaultValue: NOT_ITS_EVENT });
      if (outcome !== NOT_ITS_EVENT) handling.push(operator);
    }
    if (!known) this.handling.set(event.constructor, handling);
  }

  /** One after the other: the order of events is the order of their journal entries. */
  async publishAll(events: IEvent[]): Promise<void> {
    for (const event of events) await this.publish(event);
  }

  /** One operator for each handler: it filters by the event's class and calls the handler. */
  private operators(): readonly HandlerOperator[] {
    return (this.bus as unknown as { eventOperators: HandlerOperator[] }).eventOperators;
  }
}
