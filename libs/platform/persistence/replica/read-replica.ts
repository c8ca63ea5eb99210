import { AsyncResource } from 'node:async_hooks';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DatabaseSettings } from '#platform/config';
import { Log, Metrics } from '#platform/observability';
import pg from 'pg';
import { DatabaseClient, databaseOptions } from '../connection/connection.js';
import type { Statement } from '../reading/statement.js';
import { UnitOfWork } from '../unit-of-work.js';
import { type ReplicaConnections, ReplicaMonitor } from './replica-monitor.js';

const APPLICATION_NAME = 'crm-replica';
const CHECK_NAME = 'crm-replica-check';
/** Not retried on the primary: it would time out there too. */
const STATEMENT_TIMEOUT = '57014';

/**
 * Runs queries that accept stale rows: on the replica of `CRM_DATABASE_REPLICA_URL`, or on the primary while there is
 * none, it lags too much or fails. Never for a read that a write depends on.
 */
@Injectable()
export class ReadReplica implements OnModuleInit, OnApplicationShutdown {
  private pool: pg.Pool | undefined;
  private monitor: ReplicaMonitor | undefined;
  private readonly busy = new Set<pg.PoolClient>();
  private wasWithinLimit: boolean | undefined;
  private count: (server: 'primary' | 'replica') => void = () => undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly settings: DatabaseSettings,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    if (this.settings.replicaUrl === undefined) return;
    const reads = this.metrics.counter('crm_replica_reads_total', 'Reads for the replica by the server that answered', [
      'server',
    ]);
    this.count = (server) => reads.inc({ server });
    this.metrics.observedGauge('crm_replica_lag_seconds', 'Upper bound of the lag of the replica', [], (gauge) => {
      if (this.monitor) gauge.set(this.monitor.lagMs / 1_000);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.monitor?.stop();
    await this.pool?.end();
  }

  /** Outside the context of the request that reads first. */
  private readonly watch = AsyncResource.bind((url: string) => {
    const connections: ReplicaConnections = {
      primary: () => this.connect(this.settings.url!),
      replica: () => this.connect(url),
    };
    const { replicaMaxLagMs: maxLagMs } = this.settings;
    return new ReplicaMonitor(connections, {
      maxLagMs,
      intervalMs: Math.min(maxLagMs / 5, 1_000),
      onChecked: (error) => this.report(error),
      onLost: () => this.abandon(),
    });
  });

  /** Runs one query. In an open unit of work, runs in its transaction. */
  async query<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    const { replicaUrl } = this.settings;
    if (replicaUrl === undefined || this.unitOfWork.isOpen) return this.unitOfWork.query<R>(statement, values);
    // Only a process that reads lists opens connections to the replica.
    this.monitor ??= this.watch(replicaUrl);
    if (this.monitor.isWithinLimit) {
      try {
        this.pool ??= this.open(replicaUrl);
        const { rows } = await this.pool.query<R>({ ...statement, values: [...values] });
        this.count('replica');
        return rows;
      } catch (error) {
        if ((error as { code?: unknown }).code === STATEMENT_TIMEOUT) throw error;
      }
    }
    this.count('primary');
    return this.unitOfWork.query<R>(statement, values);
  }

  private open(url: string): pg.Pool {
    const { poolSize, statementTimeoutMs } = this.settings;
    const pool = new pg.Pool({
      ...databaseOptions(url, APPLICATION_NAME, statementTimeoutMs),
      Client: DatabaseClient,
      max: poolSize,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: this.answerTimeoutMs,
    });
    pool.on('error', () => undefined);
    pool.on('acquire', (client) => void this.busy.add(client));
    pool.on('release', (_, client) => void this.busy.delete(client));
    return pool;
  }

  /** How long the replica may take to answer a check or to accept a connection. */
  private get answerTimeoutMs(): number {
    return Math.min(this.settings.replicaMaxLagMs, 2_000);
  }

  private async connect(url: string): Promise<pg.Client> {
    const client = new DatabaseClient({
      ...databaseOptions(url, CHECK_NAME, this.settings.statementTimeoutMs),
      connectionTimeoutMillis: this.answerTimeoutMs,
      query_timeout: this.answerTimeoutMs,
    });
    await client.connect();
    return client;
  }

  /** Breaks the connections that wait for an answer, so that their reads go to the primary: the server may be frozen. */
  private abandon(): void {
    for (const client of this.busy) void (client as unknown as pg.Client).end().catch(() => undefined);
  }

  /** One line for each change. */
  private report(error: Error | undefined): void {
    const { isWithinLimit, lagMs } = this.monitor!;
    if (isWithinLimit === this.wasWithinLimit) return;
    this.wasWithinLimit = isWithinLimit;
    if (isWithinLimit) return this.log.info('lists, exports and reports are read from the replica');
    const lag = Number.isFinite(lagMs) ? { lag_ms: Math.round(lagMs) } : {};
    this.log.warn({ ...(error && { err: error }), ...lag }, 'the replica is not used: the primary answers its reads');
  }
}
