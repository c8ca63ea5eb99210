import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ReplicaLag } from './replica-lag.js';

/** Flushed, since a standby receives nothing else. */
export const PRIMARY_POSITION = `SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::text AS position`;
export const REPLICA_POSITION = `SELECT pg_is_in_recovery() AS "isReplica",
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::text AS position`;

/** The checks of a replica use connections of their own: a busy pool must not look like a lag. */
export interface ReplicaConnections {
  readonly primary: () => Promise<pg.Client>;
  readonly replica: () => Promise<pg.Client>;
}

interface MonitorOptions {
  readonly maxLagMs: number;
  readonly intervalMs: number;
  /** Called after each check. */
  readonly onChecked: (error: Error | undefined) => void;
  /** Called when the replica does not answer a check. */
  readonly onLost: () => void;
}

/** Checks regularly how far a replica is behind, until it is stopped. */
export class ReplicaMonitor {
  private readonly lag = new ReplicaLag();
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;
  private primary: pg.Client | undefined;
  private replica: pg.Client | undefined;

  constructor(
    private readonly connections: ReplicaConnections,
    private readonly options: MonitorOptions,
  ) {
    this.done = this.run();
  }

  /** Infinite while unknown. */
  get lagMs(): number {
    return this.lag.atMs(performance.now());
  }

  get isWithinLimit(): boolean {
    return this.lagMs <= this.options.maxLagMs;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
    await Promise.all([this.primary, this.replica].map(async (client) => client?.end().catch(() => undefined)));
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const error = (await this.checkPrimary()) ?? (await this.checkReplica());
      if (!signal.aborted) this.options.onChecked(error);
      await delay(this.options.intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A primary that does not answer says nothing of the replica: its lag grows until it is over the limit. */
  private async checkPrimary(): Promise<Error | undefined> {
    try {
      this.primary ??= await this.connections.primary();
      const takenAtMs = performance.now();
      const { rows } = await this.primary.query<{ position: string }>(PRIMARY_POSITION);
      this.lag.addPrimary(BigInt(rows[0]!.position), takenAtMs);
      return undefined;
    } catch (error) {
      void this.primary?.end().catch(() => undefined);
      this.primary = undefined;
      return error as Error;
    }
  }

  private async checkReplica(): Promise<Error | undefined> {
    try {
      this.replica ??= await this.connections.replica();
      const { rows } = await this.replica.query<{ isReplica: boolean; position: string | null }>(REPLICA_POSITION);
      const { isReplica, position } = rows[0]!;
      // A promoted server may have another history than the primary.
      if (!isReplica || position === null) throw new Error('the server of CRM_DATABASE_REPLICA_URL is not a standby');
      this.lag.addReplica(BigInt(position));
      return undefined;
    } catch (error) {
      void this.replica?.end().catch(() => undefined);
      this.replica = undefined;
      this.lag.reset();
      this.options.onLost();
      return error as Error;
    }
  }
}
