import { Injectable } from '@nestjs/common';
import { DatabaseSettings } from '#platform/config';
import type pg from 'pg';
import { DatabaseClient, databaseOptions } from './connection.js';
import type { SqlConditions } from '../reading/sql-conditions.js';
import { plannedEachTime, type Statement } from '../reading/statement.js';
import { UnitOfWork } from '../unit-of-work.js';

/** The door for hand-written SQL: named prepared statements, one round trip each. */
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

  /** How long one waits for a connection, in milliseconds. */
  get patienceMs(): number {
    return this.settings.acquireTimeoutMs;
  }

  get isInUnitOfWork(): boolean {
    return this.unitOfWork.isOpen;
  }

  /**
   * Rows of a SELECT in the order of their ids, however many. Each page is a query of its own, made when the reader asks
   * for it, so that no connection and no snapshot waits for the reader; rows may change between two pages.
   * @param select up to its WHERE; the row's `id` is the column `idColumn`.
   */
  async *pagesById<R extends { readonly id: string }>(
    select: string,
    idColumn: string,
    { sql, values }: SqlConditions,
    pageSize = 1_000,
  ): AsyncGenerator<R[]> {
    const end = `ORDER BY ${idColumn} LIMIT ${pageSize}`;
    const next = plannedEachTime(`${select} WHERE ${sql} AND ${idColumn} > $${values.length + 1}::uuid ${end}`);
    let rows = await this.query<R>(plannedEachTime(`${select} WHERE ${sql} ${end}`), values);
    for (;;) {
      if (rows.length > 0) yield rows;
      if (rows.length < pageSize) return;
      rows = await this.query<R>(next, [...values, rows.at(-1)!.id]);
    }
  }

  /**
   * A connection of one's own outside the pool, for LISTEN and for leaders, whose advisory lock lives as long as it.
   * The caller ends it; one that breaks fails the query in hand, or the next one.
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
