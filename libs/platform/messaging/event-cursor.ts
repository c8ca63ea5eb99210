import type pg from 'pg';

/** Cursor of what RabbitMQ has confirmed. */
export const RABBITMQ_CURSOR = 'rabbitmq';
/** Cursor of what our own subscribers have dealt with when there is no broker. */
export const LOCAL_CURSOR = 'in-process';

const OPEN = {
  name: 'crm_cursor_open',
  text: `INSERT INTO crm.event_cursors (name, position) VALUES ($1, 0)
         ON CONFLICT (name) DO UPDATE SET updated_at = now() RETURNING position`,
};
const SAVE = {
  name: 'crm_cursor_save',
  text: 'UPDATE crm.event_cursors SET position = $2::bigint, updated_at = now() WHERE name = $1 AND position < $2::bigint',
};

/** How far a reader has come, kept in PostgreSQL over the reader's own connection; it never goes back. */
export class EventCursor {
  private savedAt = 0;

  private constructor(
    private readonly client: pg.Client,
    private readonly name: string,
    private current: bigint,
  ) {}

  /** Reads the cursor; one that is new starts before the first event. */
  static async open(client: pg.Client, name: string): Promise<EventCursor> {
    const { rows } = await client.query<{ position: string }>({ ...OPEN, values: [name] });
    return new EventCursor(client, name, BigInt(rows[0]!.position));
  }

  /** The last position dealt with that is saved. */
  get position(): bigint {
    return this.current;
  }

  /** Saves `position` unless it is no news, or the last save was less than `everyMs` ago. */
  async advance(position: bigint, everyMs: number): Promise<void> {
    if (position <= this.current || Date.now() - this.savedAt < everyMs) return;
    await this.client.query({ ...SAVE, values: [this.name, position.toString()] });
    this.current = position;
    this.savedAt = Date.now();
  }
}
