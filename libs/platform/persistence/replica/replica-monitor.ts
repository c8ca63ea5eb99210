import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ReplicaLag } from './replica-lag.js';

/** A standby receives only flushed WAL. LSNs are read as bytes since 0/0. */
export const PRIMARY_LSN = `SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::text AS "flushedLsn"`;
export const REPLICA_LSN = `SELECT pg_is_in_recovery() AS "isReplica",
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::text AS "replayedLsn"`;

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
    return this.lag.lagMs(performance.now());
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

  /** While the primary does not answer, the lag of the replica is counted from the last sample. */
  private async checkPrimary(): Promise<Error | undefined> {
    try {
      this.primary ??= await this.connections.primary();
      const takenAtMs = performance.now();
      const { rows } = await this.primary.query<{ flushedLsn: string }>(PRIMARY_LSN);
      this.lag.addPrimary(BigInt(rows[0]!.flushedLsn), takenAtMs);
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
      const { rows } = await this.replica.query<{ isReplica: boolean; replayedLsn: string | null }>(REPLICA_LSN);
      const { isReplica, replayedLsn } = rows[0]!;
      // A promoted server may have another history than the primary.
      if (!isReplica || replayedLsn === null)
        throw new Error('the server of CRM_DATABASE_REPLICA_URL is not a standby');
      this.lag.addReplica(BigInt(replayedLsn));
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
