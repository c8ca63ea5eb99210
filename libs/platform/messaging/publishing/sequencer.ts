import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database } from '#platform/persistence';
import { EventCursor } from './event-cursor.js';
import { Leader, SEQUENCER_LEASE, type Term } from './leader.js';
import { PLANNED_ONCE } from '../outbox/log-reader.js';
import { LogSignal } from '../outbox/log-signal.js';
import { LOG_POLL_MS, Wakeup } from '../outbox/wakeup.js';

const BATCH = 1_000;

/**
 * Every row that is visible here is committed, and within a stream they became visible in the order of `seq`, which
 * was taken under the stream's lock: so `ORDER BY seq` keeps every stream's order, and numbering what is visible
 * leaves no gap for a transaction that commits later.
 *
 * A row's place is looked up in the sorted array of them all: a join of the two would read whole months. Its plan, which
 * spans every month, is made once and not each time, on {@link PLANNED_ONCE}.
 *
 * The parameter is the token of the sequencer's lease: the statement of a former leader moves and numbers nothing.
 */
export const SEQUENCE = {
  name: 'crm_sequence',
  text: `WITH fresh AS (
      SELECT array_agg(seq ORDER BY seq) AS seqs, count(*) AS count
      FROM (SELECT seq FROM crm.event_log WHERE position IS NULL ORDER BY seq LIMIT ${BATCH}) AS waiting
    ), head AS (
      UPDATE crm.event_cursors c SET position = c.position + fresh.count, updated_at = now()
      FROM fresh WHERE c.name = 'sequencer' AND c.fence = $1::bigint AND fresh.count > 0
      RETURNING c.position - fresh.count AS base, fresh.count, fresh.seqs
    ), placed AS (
      UPDATE crm.event_log e SET position = head.base + width_bucket(e.seq, head.seqs) FROM head
      WHERE e.position IS NULL AND e.seq BETWEEN head.seqs[1] AND head.seqs[head.count]
    )
    SELECT count::int AS count, pg_backend_pid() AS pid, ${LogSignal.positionedSql} FROM head`,
};

/** Cursor of the last position given. */
const SEQUENCER_CURSOR = 'sequencer';

/** Gives committed events their gap-free global positions; one process at a time, by {@link Leader}. */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();
  private readonly forget: () => void;

  constructor(
    database: Database,
    private readonly signal: LogSignal,
    log: Log,
  ) {
    this.leader = new Leader(SEQUENCER_LEASE, database, log, (term) => this.lead(term));
    this.forget = signal.onAppended(() => this.wakeup.wake());
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    await this.leader.stop();
  }

  private async lead({ client, lease, signal }: Term): Promise<void> {
    await client.query(PLANNED_ONCE);
    await EventCursor.open(client, SEQUENCER_CURSOR, lease);
    while (!signal.aborted) {
      const { rows } = await client.query<{ count: number; pid: number }>({ ...SEQUENCE, values: [lease.token] });
      const { count, pid } = rows[0] ?? { count: 0, pid: 0 };
      if (count > 0) this.signal.positioned(pid);
      if (count < BATCH) await this.wakeup.next(LOG_POLL_MS, signal);
    }
  }
}
