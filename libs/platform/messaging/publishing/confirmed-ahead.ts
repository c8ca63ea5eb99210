import type { LoggedEvent } from '../outbox/log-reader.js';

/**
 * The events beyond the saved cursor that RabbitMQ has confirmed. They are known for the life of the process: a new channel
 * or a new term of leadership sends only the others again. A killed process sends every event after its cursor again.
 *
 * Ids are compared too, because a restored database can give a position to another event.
 */
export class ConfirmedAhead {
  private readonly ids = new Map<bigint, string>();

  get size(): number {
    return this.ids.size;
  }

  add({ position, id }: Pick<LoggedEvent, 'position' | 'id'>): void {
    this.ids.set(position, id);
  }

  has({ position, id }: Pick<LoggedEvent, 'position' | 'id'>): boolean {
    return this.ids.get(position) === id;
  }

  /** Forgets the events that the saved cursor has passed. */
  forgetUpTo(cursor: bigint): void {
    for (const position of this.ids.keys()) if (position <= cursor) this.ids.delete(position);
  }
}
