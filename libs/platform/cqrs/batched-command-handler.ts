import { Inject } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { type BatchOptions, CommandBatches } from './command-batches.js';

/**
 * Base of a command handler whose commands are handled in batches under load; see {@link CommandBatches}.
 *
 * `handle` is written as for one command. In a batch it may read and write only by `UnitOfWork.execute` and by saving
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
