import { Injectable, Logger } from '@nestjs/common';
import { AsyncVariable } from '#platform/observability';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { type BatchOutcome, BatchTransaction, type BatchWork } from './batching/batch-transaction.js';
import { connectionLost, isReadOnlyServer } from './connection/database-errors.js';
import type { Statement } from './reading/statement.js';
import { type BatchOperation, type RunStatement, Transaction, type TransactionScope } from './batching/transaction.js';

/** A statement of the simple protocol that does nothing. */
const PROBE = ';';

/**
 * Several statements as one transaction, carried along the asynchronous calls so that nothing has to be passed.
 * READ COMMITTED; what must be exact takes row locks or guarded updates.
 */
@Injectable()
export class UnitOfWork {
  private readonly current = new AsyncVariable<TransactionScope>();
  private readonly logger = new Logger(UnitOfWork.name);
  private readonly runAlone: RunStatement = (statement, values) => this.alone(statement, values);

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction, joining the one that is open. It begins with the first statement, commits when
   * `work` resolves and rolls back when it throws.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.current.get()) return work();
    const transaction = new Transaction(this.dataSource);
    return this.current.run(transaction, () => this.conclude(transaction, work));
  }

  /**
   * Runs several pieces of work in one transaction; {@link execute} and {@link write} of all of them share statements.
   * A piece of work that fails before it writes fails alone. One that runs any other statement leaves the batch.
   * @param lockTimeoutMs the longest wait for a row lock.
   * @throws the error of a statement or of the commit that failed; then nothing is written.
   */
  async runBatch<T>(works: readonly BatchWork<T>[], lockTimeoutMs: number): Promise<readonly BatchOutcome<T>[]> {
    const batch = new BatchTransaction(new Transaction(this.dataSource, lockTimeoutMs));
    const members = works.map((piece) => ({ ...piece, member: batch.join() }));
    const outcomes = await Promise.all(
      members.map(({ work, inCallerContext, member }) =>
        inCallerContext(() => this.current.run(member, () => batch.runMember(member, work))),
      ),
    );
    await batch.end();
    members.forEach(({ member, inCallerContext }, index) => {
      if (outcomes[index]!.kind === 'done') inCallerContext(() => this.notify(member));
    });
    return outcomes;
  }

  /** Runs an operation for one input: in a batch together with those of the other pieces of work. */
  async execute<I, O>(operation: BatchOperation<I, O>, input: I): Promise<O> {
    const scope = this.current.get();
    const [output] = await (scope ? scope.execute(operation, [input]) : operation.run([input], this.runAlone));
    return output!;
  }

  /**
   * Lets `prepare` compute the inputs of one writing operation and runs it: in the open transaction if there is one or
   * if `prepare` itself wrote something, else in a single round trip, which PostgreSQL makes atomic.
   * @param accept throws when an input was not written; then what `prepare` wrote is undone too.
   */
  async write<I, O>(
    operation: BatchOperation<I, O>,
    prepare: () => Promise<readonly I[]>,
    accept: (outputs: readonly O[]) => void,
  ): Promise<void> {
    const open = this.current.get();
    if (open) {
      accept(await open.execute(operation, await prepare()));
      return open.markWritten();
    }
    const transaction = new Transaction(this.dataSource);
    await this.current.run(transaction, () =>
      this.conclude(transaction, async () => {
        const inputs = await prepare();
        if (transaction.isBegun) accept(await transaction.execute(operation, inputs));
        else accept(await operation.run(inputs, this.runAlone));
      }),
    );
  }

  /** Runs one statement in the open transaction, or in its own when none is open. */
  query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return this.current.get()?.query<R>(statement, values) ?? this.alone<R>(statement, values);
  }

  get isOpen(): boolean {
    return this.current.get() !== undefined;
  }

  /**
   * Calls `action` once the surrounding transaction has committed; at once when none is open. An error of it is logged: the
   * transaction is committed already.
   */
  afterCommit(action: () => void): void {
    const scope = this.current.get();
    if (scope) scope.afterCommit.push(action);
    else action();
  }

  private async conclude<T>(transaction: Transaction, work: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await transaction.end('rollback').catch(() => undefined);
      throw error;
    }
    await transaction.end('commit');
    this.notify(transaction);
    return result;
  }

  /** Outside the ended transaction, so that the statements of an action run in their own. */
  private notify(scope: TransactionScope): void {
    this.current.run(undefined, () => {
      for (const action of scope.afterCommit) {
        try {
          action();
        } catch (error) {
          this.logger.error(error);
        }
      }
    });
  }

  /** @throws Error that is `isUnavailable` when the connection is lost: the statement may have been committed. */
  private async alone<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const pool = (this.dataSource.driver as PostgresDriver).master as pg.Pool;
    const client = await pool.connect();
    let lost: Error | undefined;
    let isLeft = false;
    try {
      return (await client.query<R>({ ...statement, values: [...values] })).rows;
    } catch (error) {
      // If the probe fails, the outcome of the statement is unknown.
      await client.query(PROBE).catch(() => (lost = connectionLost(error)));
      // A new connection may lead to the primary.
      isLeft = isReadOnlyServer(error);
      throw lost ?? error;
    } finally {
      client.release(lost ?? isLeft);
    }
  }
}
