import type { LoggedEvent } from '../outbox/log-reader.js';

/**
 * Events after the saved cursor that RabbitMQ confirmed to this process. Stored in memory: a new channel or a new term
 * of leadership re-sends only the other events. After a killed process, every event after its cursor is re-sent.
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
