import { newId } from '#platform/kernel';
import type { Audience } from '#platform/messaging';
import { createTestDatabase, type TestDatabase, until } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';

/** An event to append; missing values are generated or absent. */
export interface AppendedEvent {
  readonly type?: string;
  readonly dealId?: string;
  readonly clientId?: string;
  readonly audience?: Audience;
  readonly data?: object;
}

interface Change {
  readonly stream: string;
  readonly deal_id: string | undefined;
  readonly client_id: string | undefined;
  readonly audience: Audience;
  readonly at: string;
  readonly events: object[];
}

/** A database with an event log that a test appends to. */
export class EventDatabase {
  private constructor(private readonly database: TestDatabase) {}

  static async create(): Promise<EventDatabase> {
    return new EventDatabase(await createTestDatabase(MIGRATIONS, { isScripted: true }));
  }

  get url(): string {
    return this.database.url;
  }

  /** Appends events in one transaction, in this order for each deal. */
  async append(events: readonly AppendedEvent[]): Promise<void> {
    const changes = new Map<string, Change>();
    for (const { type = 'deal.updated', dealId, clientId, audience = [], data = {} } of events) {
      const stream = dealId ? `deals/${dealId}` : `clients/${clientId ?? newId()}`;
      const change: Change = changes.get(stream) ?? {
        stream,
        deal_id: dealId,
        client_id: clientId,
        audience: [],
        at: new Date().toISOString(),
        events: [],
      };
      change.events.push({ id: newId(), type, audience, data });
      changes.set(stream, change);
    }
    await this.database.rows('SELECT crm.append_to_streams($1::jsonb)', [JSON.stringify([...changes.values()])]);
    await this.database.rows(`SELECT pg_notify('crm_log_appended', '')`);
  }

  /**
   * Appends events and waits until every event has its position.
   * @returns the last one.
   */
  async appendSequenced(events: readonly AppendedEvent[]): Promise<number> {
    await this.append(events);
    await until(async () => {
      const waiting = await this.database.rows('SELECT FROM crm.event_log WHERE position IS NULL LIMIT 1');
      return waiting.length === 0;
    });
    return this.lastPosition();
  }

  /** Writes many events of a few deals into an empty log, with their positions. */
  async fill(count: number): Promise<void> {
    await this.database.rows(
      `INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, deal_id, audience, data)
       SELECT gen_random_uuid(), n, 'deals/' || md5((n % 50)::text)::uuid, (n - 1) / 50 + 1, 'deal.updated', now(),
         md5((n % 50)::text)::uuid, '{}', jsonb_build_object('n', n)
       FROM generate_series(1, $1::int) AS n`,
      [count],
    );
    await this.database.rows(`UPDATE crm.event_cursors SET position = $1 WHERE name = 'sequencer'`, [count]);
  }

  /** Runs a statement and returns its rows. */
  rows<R extends object>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.database.rows<R>(sql, values);
  }

  /** The last assigned position. */
  async lastPosition(): Promise<number> {
    const [row] = await this.database.rows<{ position: string }>(
      `SELECT position FROM crm.event_cursors WHERE name = 'sequencer'`,
    );
    return Number(row!.position);
  }

  /** Deletes events, as retention does. */
  async forgetUpTo(position: number): Promise<void> {
    await this.database.rows('DELETE FROM crm.event_log WHERE position <= $1', [position]);
  }

  drop(): Promise<void> {
    return this.database.drop();
  }
}

/** Events of one deal, numbered in their data. */
export function numbered(dealId: string, from: number, to: number, event: AppendedEvent = {}): AppendedEvent[] {
  return range(from, to).map((n) => ({ dealId, ...event, data: { n, ...event.data } }));
}

/** The integers between two numbers, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
