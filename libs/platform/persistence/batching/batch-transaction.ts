import type { BatchOperation, RunStatement, Transaction, TransactionScope } from './transaction.js';

/** One piece of work of a batch. */
export interface BatchWork<T> {
  readonly work: () => Promise<T>;
  /** Calls a function in the async context to which the work belongs. */
  readonly inCallerContext: <R>(call: () => R) => R;
}

/** How one piece of work of a batch ended. `left`: it needs a transaction of its own, and has written nothing. */
export type BatchOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused'; readonly reason: Error }
  | { readonly kind: 'left' };

/** A call of an operation that waits until every other piece of work waits too. */
interface PendingCall {
  readonly member: BatchMember;
  readonly operation: BatchOperation<unknown, unknown>;
  readonly inputs: readonly unknown[];
  readonly resolve: (outputs: readonly unknown[]) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Several pieces of work in one transaction. Their calls of the same operation become one statement, which runs as soon
 * as every piece of work waits for an operation or has ended.
 */
export class BatchTransaction {
  /** Members that compute. */
  private readonly computing = new Set<BatchMember>();
  private readonly ended = new Set<BatchMember>();
  private readonly pending: PendingCall[] = [];
  private readonly runStatement: RunStatement = (statement, values) => this.transaction.query(statement, values);
  private failure: { readonly reason: unknown } | undefined;

  constructor(private readonly transaction: Transaction) {}

  /** Adds a piece of work; all of them join before the first one runs. */
  join(): BatchMember {
    const member = new BatchMember(this);
    this.computing.add(member);
    return member;
  }

  /** Runs the piece of work of `member`. */
  async runMember<T>(member: BatchMember, work: () => Promise<T>): Promise<BatchOutcome<T>> {
    try {
      const value = await work();
      return member.hasLeft ? this.left(member) : { kind: 'done', value };
    } catch (reason) {
      if (member.hasLeft) return this.left(member);
      // What it has written can only be undone together with all the others.
      if (member.hasWritten) this.failure ??= { reason };
      return { kind: 'refused', reason: reason as Error };
    } finally {
      this.ended.add(member);
      // A lone transaction waits for such a statement; here the others must not depend on it.
      if (member.openCalls > 0) this.failure ??= { reason: new LeftBatchError() };
      this.pause(member);
    }
  }

  /**
   * Commits what the pieces of work have written.
   * @throws the error of the statement that failed; then nothing is written.
   */
  async end(): Promise<void> {
    if (!this.failure) return this.transaction.end('commit');
    await this.transaction.end('rollback').catch(() => undefined);
    throw this.failure.reason;
  }

  call<I, O>(member: BatchMember, operation: BatchOperation<I, O>, inputs: readonly I[]): Promise<readonly O[]> {
    if (this.ended.has(member)) throw new Error('the unit of work has ended: await every statement inside it');
    member.openCalls += 1;
    return new Promise((resolve, reject) => {
      this.pending.push({ member, operation, inputs, resolve, reject } as unknown as PendingCall);
      this.pause(member);
    });
  }

  /** What a member wrote before it left is undone together with all the others. */
  private left(member: BatchMember): { readonly kind: 'left' } {
    if (member.hasWritten) this.failure ??= { reason: new LeftBatchError() };
    return { kind: 'left' };
  }

  /** Called when a member waits or ends; runs the pending operations once none computes. */
  private pause(member: BatchMember): void {
    this.computing.delete(member);
    if (this.computing.size > 0 || this.pending.length === 0) return;
    const reads = this.pending.filter(({ operation }) => !operation.isWrite);
    const calls = reads.length > 0 ? reads : [...this.pending];
    for (const call of calls) this.pending.splice(this.pending.indexOf(call), 1);
    // A member that ended without awaiting its call does not compute any more.
    for (const { member } of calls) if (!this.ended.has(member)) this.computing.add(member);
    void this.runAll(calls);
  }

  private async runAll(calls: readonly PendingCall[]): Promise<void> {
    const operations = new Map<BatchOperation<unknown, unknown>, PendingCall[]>();
    for (const call of calls) operations.set(call.operation, [...(operations.get(call.operation) ?? []), call]);
    for (const [operation, group] of operations) await this.run(operation, group);
  }

  private async run(operation: BatchOperation<unknown, unknown>, calls: readonly PendingCall[]): Promise<void> {
    try {
      if (this.failure) throw this.failure.reason;
      const outputs = await operation.run(
        calls.flatMap(({ inputs }) => inputs),
        this.runStatement,
      );
      let first = 0;
      for (const { member, inputs, resolve } of calls) {
        member.openCalls -= 1;
        resolve(outputs.slice(first, (first += inputs.length)));
      }
    } catch (reason) {
      this.failure ??= { reason };
      for (const { member, reject } of calls) {
        member.openCalls -= 1;
        reject(reason);
      }
    }
  }
}

/** The part of one piece of work in a {@link BatchTransaction}. */
export class BatchMember implements TransactionScope {
  readonly afterCommit: (() => void)[] = [];
  hasLeft = false;
  hasWritten = false;
  /** Calls of operations without a result yet. */
  openCalls = 0;

  constructor(private readonly batch: BatchTransaction) {}

  /** A statement outside of operations could write, and a refusal after it could not undo that: the member leaves. */
  query(): Promise<never> {
    this.hasLeft = true;
    return Promise.reject(new LeftBatchError());
  }

  async execute<I, O>(operation: BatchOperation<I, O>, inputs: readonly I[]): Promise<readonly O[]> {
    if (this.hasLeft) throw new LeftBatchError();
    return this.batch.call(this, operation, inputs);
  }

  markWritten(): void {
    this.hasWritten = true;
  }
}

class LeftBatchError extends Error {
  constructor() {
    super('needs a transaction of its own: it runs a statement that is no batch operation');
  }
}
