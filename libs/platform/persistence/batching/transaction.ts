import type pg from 'pg';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { connectionLost, isReadOnlyServer } from '../connection/database-errors.js';
import type { Statement } from '../reading/statement.js';

/** Runs one statement and returns its rows. */
export type RunStatement = <R extends object>(statement: Statement, values: readonly unknown[]) => Promise<R[]>;

/** An operation that one statement does for any number of inputs. */
export interface BatchOperation<I, O> {
  /** In a batch it runs when every piece of work has ended or waits for a write, so that a batch writes once. */
  readonly isWrite?: boolean;
  /** Runs the statement; returns an output for each input, in their order. */
  run(inputs: readonly I[], runStatement: RunStatement): Promise<readonly O[]>;
}

/** What a unit of work runs its statements in. */
export interface TransactionScope {
  readonly afterCommit: (() => void)[];
  query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
  execute<I, O>(operation: BatchOperation<I, O>, inputs: readonly I[]): Promise<readonly O[]>;
  /** Records that something was written, so that a later failure has to undo it. */
  markWritten(): void;
}

/** One transaction: begun by its first statement, ended with the work that opened it. */
export class Transaction implements TransactionScope {
  private begun: Promise<ClientBase> | undefined;
  private runner: QueryRunner | undefined;
  /** The connection of {@link runner}. */
  private client: ClientBase | undefined;
  private readonly inFlight = new Set<Promise<unknown>>();
  private closed = false;
  /** Why BEGIN or the first failing statement failed: PostgreSQL aborts the transaction, and answers COMMIT with ROLLBACK. */
  private failure: { readonly reason: unknown } | undefined;
  readonly afterCommit: (() => void)[] = [];

  /** @param lockTimeoutMs the longest wait for a row lock; without it the server's default applies. */
  constructor(
    private readonly dataSource: DataSource,
    private readonly lockTimeoutMs?: number,
  ) {}

  get isBegun(): boolean {
    return this.begun !== undefined;
  }

  async query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const result = this.begin().then((client) => client.query<R>({ ...statement, values: [...values] }));
    this.inFlight.add(result);
    try {
      return (await result).rows;
    } catch (error) {
      this.failure ??= { reason: error };
      throw error;
    } finally {
      this.inFlight.delete(result);
    }
  }

  execute<I, O>(operation: BatchOperation<I, O>, inputs: readonly I[]): Promise<readonly O[]> {
    return operation.run(inputs, (statement, values) => this.query(statement, values));
  }

  markWritten(): void {
    // A rollback undoes all of it.
  }

  /**
   * Waits for statements still running, so that none is executed after the end of the transaction.
   * @throws the error of a failed statement on commit, also when the caller caught it: its writes are lost.
   */
  async end(outcome: 'commit' | 'rollback'): Promise<void> {
    this.closed = true;
    if (!this.begun) return;
    await this.begun.catch(() => undefined);
    await Promise.allSettled(this.inFlight);
    try {
      if (outcome === 'commit' && !this.failure) return await this.commit();
      await this.rollback();
      if (outcome === 'commit') throw this.failure?.reason;
    } finally {
      await this.runner?.release();
    }
  }

  /** @throws Error that is `isUnavailable` when the connection is lost: the commit may have happened. */
  private async commit(): Promise<void> {
    try {
      await this.client?.query('COMMIT');
    } catch (error) {
      // Only a connection that still answers has certainly refused the commit.
      await this.rollback();
      throw error;
    }
  }

  /** A connection that does not answer or can't write is closed, so that no other work gets it from the pool. */
  private async rollback(): Promise<void> {
    try {
      await this.client?.query('ROLLBACK');
    } catch (error) {
      this.close();
      throw connectionLost(error);
    }
    if (isReadOnlyServer(this.failure?.reason)) this.close();
  }

  private close(): void {
    void (this.client as pg.Client).end().catch(() => undefined);
  }

  private begin(): Promise<ClientBase> {
    // A statement that outlived its transaction would run in its own, unprotected.
    if (this.closed) throw new Error('the unit of work has ended: await every statement inside it');
    this.begun ??= this.open();
    return this.begun;
  }

  private async open(): Promise<ClientBase> {
    this.runner = this.dataSource.createQueryRunner();
    const client = (await this.runner.connect()) as ClientBase;
    const timeout = this.lockTimeoutMs === undefined ? '' : `; SET LOCAL lock_timeout = ${this.lockTimeoutMs}`;
    // Before BEGIN: one that fails halfway leaves a transaction open.
    this.client = client;
    // One round trip for both.
    await client.query(`BEGIN${timeout}`);
    return client;
  }
}
