import { AsyncResource } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { Batches, type BatchWork, Database, isUnavailable, UnitOfWork } from '#platform/persistence';

/** How commands are handled in batches; the object identifies the queue, which handlers that name it share. */
export interface BatchOptions<C> {
  /** Commands of one batch. */
  readonly maxBatchSize: number;
  /** Names the row that a command locks: of commands with the same key one is handled at a time. */
  readonly keyOf?: (command: C) => string;
}

/** A command that waits for its batch. */
interface PendingCommand extends BatchWork<unknown> {
  readonly key: string;
}

/** While the database executes one batch, the process computes another. */
const MAX_CONCURRENT_BATCHES = 2;
/**
 * The longest wait of a batch for a row lock: far longer than other transactions need, and shorter than the second
 * after which PostgreSQL looks for deadlocks.
 */
const LOCK_TIMEOUT_MS = 200;
/** Commands of one batch that are handled alone at the same time: the connections of the pool serve other requests, too. */
const MAX_CONCURRENT_RETRIES = 4;

/**
 * Handles commands together that arrive while others are in flight: one transaction with one commit, in which the
 * statements of all handlers are shared ({@link UnitOfWork.runBatch}). Without load each command is handled at once.
 *
 * A command that its handler refuses before it writes fails alone. If the database refuses a statement, or a row lock takes longer than
 * 200 ms, nothing of the batch is written, and each command is handled in a transaction of its own.
 */
@Injectable()
export class CommandBatches {
  /** The async context outside of requests. */
  private readonly outside = new AsyncResource('CommandBatches');
  private readonly queues = new Map<object, { readonly batches: Batches<PendingCommand, unknown>; commands: number }>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly database: Database,
  ) {}

  /**
   * Handles a command: in the open transaction if there is one, else with the next batch.
   * @param handle may be called again after a batch that was rolled back.
   */
  execute<C, R>(options: BatchOptions<C>, command: C, handle: () => Promise<R>): Promise<R> {
    if (this.unitOfWork.isOpen) return handle();
    const queue = this.queueOf(options as BatchOptions<unknown>);
    queue.commands += 1;
    const key = options.keyOf?.(command) ?? String(queue.commands);
    // The async context of the caller: logs and events of its handler carry the ids of its own request.
    const context = new AsyncResource('Command');
    const inCallerContext = <T>(work: () => T): T => context.runInAsyncScope(work);
    return queue.batches.add({ key, work: handle, inCallerContext }) as Promise<R>;
  }

  private queueOf(options: BatchOptions<unknown>) {
    let queue = this.queues.get(options);
    if (!queue) {
      const limits = {
        maxConcurrent: MAX_CONCURRENT_BATCHES,
        maxBatchSize: options.maxBatchSize,
        maxWaitMs: this.database.maxWaitMs,
        keyOf: ({ key }: PendingCommand): string => key,
      };
      const batches = this.outside.runInAsyncScope(
        () => new Batches<PendingCommand, unknown>((commands) => this.handleAll(commands), limits),
      );
      queue = { batches, commands: 0 };
      this.queues.set(options, queue);
    }
    return queue;
  }

  private async handleAll(commands: readonly PendingCommand[]): Promise<readonly Promise<unknown>[]> {
    if (commands.length === 1) {
      const result = handleAlone(commands[0]!);
      await endOrLockTimeout(result);
      return [result];
    }
    const retries = new Retries();
    try {
      const outcomes = await this.unitOfWork.runBatch(commands, LOCK_TIMEOUT_MS);
      return outcomes.map((outcome, index) => {
        if (outcome.kind === 'left') return retries.handle(commands[index]!);
        return outcome.kind === 'done' ? Promise.resolve(outcome.value) : Promise.reject(outcome.reason);
      });
    } catch (error) {
      // A lost connection leaves open whether the commit happened.
      if (isUnavailable(error)) throw error;
      return commands.map((command) => retries.handle(command));
    }
  }
}

/**
 * Base of a command handler whose commands are handled in batches under load; see {@link CommandBatches}.
 *
 * `handle` is written as for one command. In a batch it locks and reads by `UnitOfWork.execute`, and writes by saving
 * through a repository. A command whose handler runs any other statement is handled again, in its own transaction.
 */
export abstract class BatchedCommandHandler<C extends Command<R>, R> {
  @Inject(CommandBatches)
  private readonly batches!: CommandBatches;

  protected abstract readonly batch: BatchOptions<C>;

  execute(command: C): Promise<R> {
    return this.batches.execute(this.batch, command, () => this.handle(command));
  }

  /** Handles one command; called again when its batch was rolled back. */
  protected abstract handle(command: C): Promise<R>;
}

/** Handles the commands of a batch that failed, each in its own transaction and a few at the same time. */
class Retries {
  private readonly chains = Array.from({ length: MAX_CONCURRENT_RETRIES }, () => Promise.resolve());
  private started = 0;

  handle(command: PendingCommand): Promise<unknown> {
    const chain = this.started++ % this.chains.length;
    const result = this.chains[chain]!.then(() => handleAlone(command));
    this.chains[chain] = this.chains[chain]!.then(() => endOrLockTimeout(result));
    return result;
  }
}

/** Rejects when the handler throws at once, so that the commands behind it run, too. */
async function handleAlone({ work, inCallerContext }: PendingCommand): Promise<unknown> {
  return inCallerContext(work);
}

/** Waits until a command has ended. One that waits for a row lock must not block those behind it longer than a batch does. */
async function endOrLockTimeout(result: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const lockWait = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOCK_TIMEOUT_MS)));
  await Promise.race([result, lockWait]).catch(() => undefined);
  clearTimeout(timer);
}
