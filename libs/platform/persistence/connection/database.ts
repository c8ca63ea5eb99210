import { Injectable } from '@nestjs/common';
import { DatabaseSettings } from '#platform/config';
import type pg from 'pg';
import { DatabaseClient, databaseOptions } from './connection.js';
import type { Statement } from '../reading/statement.js';
import { UnitOfWork } from '../unit-of-work.js';

/** Runs hand-written SQL: named prepared statements, one round trip each. */
@Injectable()
export class Database {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly settings: DatabaseSettings,
  ) {}

  /**
   * Runs in the open unit of work's transaction, else by itself.
   * Instants come as RFC 3339 text, dates as `YYYY-MM-DD`, bigint and numeric as text.
   */
  query<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.unitOfWork.query<R>(statement, values);
  }

  /** The first row, or undefined. */
  first<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R | undefined> {
    return this.query<R>(statement, values).then(([row]) => row);
  }

  /** The longest wait for a connection, in milliseconds. */
  get maxWaitMs(): number {
    return this.settings.acquireTimeoutMs;
  }

  get isInUnitOfWork(): boolean {
    return this.unitOfWork.isOpen;
  }

  /**
   * A connection outside the pool, for LISTEN and for leaders, whose advisory lock lives as long as it.
   * The caller ends it; one that breaks fails the running query, or the next one.
   */
  async connect(applicationName: string): Promise<pg.Client> {
    const { url, statementTimeoutMs, acquireTimeoutMs } = this.settings;
    const client = new DatabaseClient({
      ...databaseOptions(url!, applicationName, statementTimeoutMs),
      connectionTimeoutMillis: acquireTimeoutMs,
      // Past the server's own limit: for a server that doesn't answer at all.
      query_timeout: statementTimeoutMs + acquireTimeoutMs,
    });
    await client.connect();
    return client;
  }
}
