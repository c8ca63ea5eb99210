import { Injectable } from '@nestjs/common';
import { AsyncVariable } from '#platform/observability';
import type { ClientBase, QueryResult } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Statement } from './reading/statement.js';

/** One transaction in the making: begun by its first statement, ended with the work that opened it. */
class Unit {
  private begun: Promise<ClientBase> | undefined;
  private runner: QueryRunner | undefined;
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;
  /** Why the first failing statement failed: PostgreSQL gives the transaction up then, and answers COMMIT with ROLLBACK. */
  private failure: { readonly reason: unknown } | undefined;
  readonly afterCommit: (() => void)[] = [];

  constructor(private readonly dataSource: DataSource) {}

  get isBegun(): boolean {
    return this.begun !== undefined;
  }

  begin(): Promise<ClientBase> {
    // A statement that outlived its transaction would run outside of it, unprotected.
    if (this.closed) throw new Error('the unit of work has ended: await every statement inside it');
    this.begun ??= this.open();
    return this.begun;
  }

  async query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const client = await this.begin();
    const result = client.query<R>({ ...statement, values: [...values] });
    this.running.add(result);
    try {
      return (await result).rows;
    } catch (error) {
      this.failure ??= { reason: error };
      throw error;
    } finally {
      this.running.delete(result);
    }
  }

  /**
   * Waits for statements still running, so that none slips behind the end of the transaction.
   * @throws what a statement failed with when it is to commit: work that forgives it must not believe in its writes.
   */
  async end(outcome: 'commit' | 'rollback'): Promise<void> {
    this.closed = true;
    if (!this.begun) return;
    await this.begun.catch(() => undefined);
    await Promise.allSettled(this.running);
    const runner = this.runner;
    if (!runner) return;
    try {
      if (!runner.isTransactionActive) return;
      if (outcome === 'commit' && !this.failure) return await runner.commitTransaction();
      await runner.rollbackTransaction();
      if (outcome === 'commit') throw this.failure?.reason;
    } finally {
      await runner.release();
    }
  }

  private async open(): Promise<ClientBase> {
    this.runner = this.dataSource.createQueryRunner();
    const client = (await this.runner.connect()) as ClientBase;
    await this.runner.startTransaction();
    return client;
  }
}

/** What {@link UnitOfWork.write} runs. */
export interface PreparedWrite<R> {
  readonly statement: Statement;
  readonly values: () => readonly unknown[];
  /** Does the same in one transaction with others of its kind; instead of the statement when it would stand by itself. */
  readonly withOthers?: () => Promise<readonly R[]>;
}

/**
 * Several statements as one transaction, carried along the asynchronous calls so that nothing has to be passed.
 * READ COMMITTED; what must be exact takes row locks or guarded updates.
 */
@Injectable()
export class UnitOfWork {
  private readonly current = new AsyncVariable<Unit>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction, joining the one that is open. It begins with the first statement, commits when
   * `work` resolves and rolls back when it throws.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.current.get()) return work();
    const unit = new Unit(this.dataSource);
    return this.current.run(unit, () => this.conclude(unit, work));
  }

  /**
   * Lets `prepare` compute one statement and runs it: in the open transaction if there is one or if `prepare` itself
   * wrote something, else by itself in a single round trip, which PostgreSQL makes atomic.
   * @param accept throws when the statement did not do what it should: then what `prepare` wrote is undone too.
   */
  async write<R extends object>(
    prepare: () => Promise<PreparedWrite<R>>,
    accept: (rows: readonly R[]) => void = () => undefined,
  ): Promise<void> {
    const open = this.current.get();
    if (open) {
      const { statement, values } = await prepare();
      accept(await open.query<R>(statement, values()));
      return;
    }
    const unit = new Unit(this.dataSource);
    await this.current.run(unit, () =>
      this.conclude(unit, async () => {
        const { statement, values, withOthers } = await prepare();
        if (unit.isBegun) accept(await unit.query<R>(statement, values()));
        else accept(await (withOthers ? withOthers() : this.alone<R>(statement, values())));
      }),
    );
  }

  /** Runs one statement in the open transaction, or by itself when none is open. */
  query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const unit = this.current.get();
    return unit ? unit.query<R>(statement, values) : this.alone<R>(statement, values);
  }

  get isOpen(): boolean {
    return this.current.get() !== undefined;
  }

  /** Calls `action`, which must not throw, once the surrounding transaction has committed; at once when none is open. */
  afterCommit(action: () => void): void {
    const unit = this.current.get();
    if (unit) unit.afterCommit.push(action);
    else action();
  }

  private async conclude<T>(unit: Unit, work: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await unit.end('rollback').catch(() => undefined);
      throw error;
    }
    await unit.end('commit');
    // Outside the ended unit, so that what an action queries runs by itself.
    this.current.run(undefined, () => unit.afterCommit.forEach((action) => action()));
    return result;
  }

  private alone<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const pool = (this.dataSource.driver as unknown as { master: PoolLike }).master;
    return pool.query<R>({ ...statement, values: [...values] }).then(({ rows }) => rows);
  }
}

interface PoolLike {
  query<R extends object>(config: { name?: string; text: string; values: unknown[] }): Promise<QueryResult<R>>;
}
