import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#platform/observability';
import type { Database } from '#platform/persistence';
import type pg from 'pg';

const STAND_BY_MS = 500;

/** A turn as leader: the connection that holds the lock, and when it is over. */
export interface Term {
  /** Statements that only the leader may run go over this connection: it dies with the lock. */
  readonly client: pg.Client;
  /** Aborted when the connection is lost or the process stops. */
  readonly signal: AbortSignal;
  /** Aborted when the connection is lost: somebody else may be leading. */
  readonly lost: AbortSignal;
}

/**
 * Lets one process at a time do a piece of work: the one that holds an advisory lock of PostgreSQL.
 * The others stand by and take over when the holder's connection ends, however it ended.
 */
export class Leader {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  /**
   * @param name for the log and pg_stat_activity.
   * @param lock number of the advisory lock, one per kind of work.
   * @param lead does the work until its term's signal aborts.
   */
  constructor(
    private readonly name: string,
    private readonly lock: number,
    private readonly database: Database,
    private readonly log: Log,
    private readonly lead: (term: Term) => Promise<void>,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Ends the term after the work in hand; resolves when the lock is free. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.term().catch((error: unknown) => {
        if (!this.stopping.signal.aborted) this.log.warn({ err: error, work: this.name }, 'leadership interrupted');
      });
      await delay(STAND_BY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async term(): Promise<void> {
    const client = await this.database.connect(`crm-${this.name}`);
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    try {
      await this.win(client, lost.signal);
      if (this.stopping.signal.aborted || lost.signal.aborted) return;
      this.log.info({ work: this.name }, 'leading');
      const signal = AbortSignal.any([lost.signal, this.stopping.signal]);
      await this.lead({ client, signal, lost: lost.signal });
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Asks again and again rather than waiting inside PostgreSQL, where a statement time-out would end it. */
  private async win(client: pg.Client, lost: AbortSignal): Promise<void> {
    while (!this.stopping.signal.aborted && !lost.aborted) {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [this.lock]);
      if (rows[0]?.won) return;
      await delay(STAND_BY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
