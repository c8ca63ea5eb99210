import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { ADVISORY_LOCKS, Database } from '#platform/persistence';
import { Leader, type Term } from './leader.js';
import { LogSignal } from './log-signal.js';
import { Wakeup } from './wakeup.js';

const POLL_MS = 250;
const BATCH = 1_000;

/**
 * Every row that is visible here is committed, and within a stream they became visible in the order of `seq`, which
 * was taken under the stream's lock: so `ORDER BY seq` keeps every stream's order, and numbering what is visible
 * leaves no gap for a transaction that commits later.
 */
const SEQUENCE = {
  name: 'crm_sequence',
  text: `WITH fresh AS (
      SELECT id, row_number() OVER (ORDER BY seq) AS place
      FROM (SELECT id, seq FROM crm.event_log WHERE position IS NULL ORDER BY seq LIMIT $1::int) AS waiting
    ), head AS (
      UPDATE crm.event_cursors c SET position = c.position + n.count, updated_at = now()
      FROM (SELECT count(*) AS count FROM fresh) AS n
      WHERE c.name = 'sequencer' AND n.count > 0
      RETURNING c.position - n.count AS base, n.count
    ), placed AS (
      UPDATE crm.event_log e SET position = head.base + fresh.place FROM fresh, head WHERE e.id = fresh.id
    )
    SELECT count::int AS count, ${LogSignal.positionedSql} FROM head`,
};

/** Gives committed events their gap-free global positions; one process at a time, under an advisory lock. */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();
  private readonly forget: () => void;

  constructor(database: Database, signal: LogSignal, log: Log) {
    this.leader = new Leader('sequencer', ADVISORY_LOCKS.sequencer, database, log, (term) => this.lead(term));
    this.forget = signal.onAppended(() => this.wakeup.wake());
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    await this.leader.stop();
  }

  private async lead({ client, signal }: Term): Promise<void> {
    while (!signal.aborted) {
      const { rows } = await client.query<{ count: number }>({ ...SEQUENCE, values: [BATCH] });
      if ((rows[0]?.count ?? 0) < BATCH) await this.wakeup.next(POLL_MS, signal);
    }
  }
}
