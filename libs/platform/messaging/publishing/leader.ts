import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#platform/observability';
import { type Database, Lease } from '#platform/persistence';
import type pg from 'pg';

/** Lease of the process that publishes to the exchange of events. */
export const PUBLISHER_LEASE = 'publisher';

/** Lease of the worker that gives events their positions. */
export const SEQUENCER_LEASE = 'sequencer';

const STAND_BY_MS = 500;

/** The time for which a process leads. */
export interface Term {
  /** The connection over which the lease is renewed; for short statements of the leader. */
  readonly client: pg.Client;
  /** Its token goes with every statement that only the leader may run. */
  readonly lease: Lease;
  /** Aborted when the lease is lost or the process stops. */
  readonly signal: AbortSignal;
}

/**
 * Lets one process at a time do a piece of work: the holder of a {@link Lease}. The others stand by. One of them takes
 * over at once when the leader stops or its connection ends, and after ten seconds when it is frozen.
 */
export class Leader {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  /**
   * @param name of the lease, for the log and pg_stat_activity.
   * @param lead does the work until its term's signal aborts.
   */
  constructor(
    private readonly name: string,
    private readonly database: Database,
    private readonly log: Log,
    private readonly lead: (term: Term) => Promise<void>,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Ends the term after the work in progress; resolves when the lease is released. */
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
    try {
      const lease = await this.acquire(client);
      if (!lease) return;
      try {
        this.log.info({ work: this.name, token: lease.token }, 'leading');
        await this.lead({ client, lease, signal: AbortSignal.any([lease.lost, this.stopping.signal]) });
        if (!this.stopping.signal.aborted) this.log.warn({ work: this.name, token: lease.token }, 'lease lost');
      } finally {
        await lease.release();
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Polls: a statement that waits inside PostgreSQL would run into the statement timeout. */
  private async acquire(client: pg.Client): Promise<Lease | undefined> {
    while (!this.stopping.signal.aborted) {
      const lease = await Lease.tryAcquire(client, this.name);
      if (lease) return lease;
      await delay(STAND_BY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    return undefined;
  }
}
