import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type JobRun, WorkInterrupted } from '#platform/jobs';
import { type Caller, Clock, unguarded } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { type ImportContext, type ImportRow, RowOutcome } from './contracts.js';
import { ImportProgress, type ProgressLine } from './import-progress.js';
import { isFinal } from './import-state.js';
import { cellCountDiffers } from './import.errors.js';
import { ImportRepository, type ImportRun } from './import.repository.js';
import { Importers } from './importers.js';

/** While another worker is at the run, which is so when a job was taken for lost that is not. */
const ASK_AGAIN_MS = 1_000;
/** Pieces that are applied as one transaction within seconds. */
const MAX_BRIEF_CHUNKS = 10;

/** Thrown to undo a whole file: rows that were good when it was checked are good no more. */
class LateFaults extends Error {
  constructor(readonly outcome: RowOutcome) {
    super(`${outcome.failed} rows are refused`);
  }
}

/**
 * Brings an import to its end, from wherever an earlier worker left it.
 *
 * Checking, and applying the good rows, goes chunk by chunk: each is one transaction with the place that the run has
 * come to. Applying all or nothing is one transaction for the whole file, since rows that others could see could not
 * be taken back any more; it comes after a check of all rows, and a worker that dies in it begins it anew.
 */
@Injectable()
export class ImportRunner {
  constructor(
    private readonly imports: ImportRepository,
    private readonly importers: Importers,
    private readonly progress: ImportProgress,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the import has ended, also when another worker has ended it.
   * @throws WorkInterrupted when the worker stops before that.
   */
  async run(id: string, { report, stopping }: JobRun): Promise<void> {
    const line = this.progress.open(id, report);
    try {
      while (!(await this.step(id, line, stopping)));
    } finally {
      await line.close();
    }
  }

  /** @returns whether the run has ended. */
  private async step(id: string, line: ProgressLine, stopping: AbortSignal): Promise<boolean> {
    const run = await this.imports.find(id);
    if (!run || isFinal(run.state)) return true;
    if (stopping.aborted) throw new WorkInterrupted();
    const isLocked = isWhole(run) ? this.whole(id, line, stopping) : this.part(id, line);
    if (!(await isLocked)) await delay(ASK_AGAIN_MS);
    return false;
  }

  /** Begins a phase, takes one chunk, or ends. @returns false when another worker has the run. */
  private part(id: string, line: ProgressLine): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      const run = await this.imports.lock(id);
      if (!run) return false;
      // Another worker may have come here meanwhile.
      if (isFinal(run.state) || isWhole(run)) return true;
      if (run.state === 'queued') await this.begin(run, line);
      else if (run.next_chunk < run.chunks) await this.takeChunk(run, line);
      else await this.conclude(run, line);
      return true;
    });
  }

  private async begin({ id, mode, dry_run: isDry }: ImportRun, line: ProgressLine): Promise<void> {
    await this.imports.enter(id, isDry || mode === 'all_or_nothing' ? 'checking' : 'applying');
    await line.publish();
  }

  private async takeChunk(run: ImportRun, line: ProgressLine): Promise<void> {
    const outcome = new RowOutcome();
    const rows = await this.take(run, run.next_chunk, outcome);
    await this.imports.addFaults(run.id, outcome.faults);
    await this.imports.advance(run.id, 1, rows, outcome);
    line.changed();
  }

  /** After the last chunk of a phase. */
  private async conclude(run: ImportRun, line: ProgressLine): Promise<void> {
    const isChecked = run.state === 'checking' && !run.dry_run;
    if (isChecked && run.failed === 0) await this.imports.enter(run.id, 'applying');
    else await this.imports.finish(run.id, isChecked ? 'refused' : 'done');
    await line.publish();
  }

  /** Applies the whole file. @returns false when another worker has the run. */
  private async whole(id: string, line: ProgressLine, stopping: AbortSignal): Promise<boolean> {
    try {
      return await this.unitOfWork.run(async () => {
        const run = await this.imports.lock(id);
        if (run?.state !== 'applying') return run !== undefined;
        const outcome = new RowOutcome();
        let rows = 0;
        for (let number = 0; number < run.chunks; number++) await this.lockRows(run, number, stopping);
        for (let number = 0; number < run.chunks; number++) {
          if (stopping.aborted) throw new WorkInterrupted();
          rows += await this.take(run, number, outcome);
          if (outcome.faults.length > 0) throw new LateFaults(outcome);
          line.changed(rows);
        }
        await this.imports.show(id, 0);
        await this.imports.advance(id, run.chunks, run.rows, outcome);
        await this.imports.finish(id, 'done');
        await line.publish();
        return true;
      });
    } catch (error) {
      if (!(error instanceof LateFaults)) throw error;
      await this.refuse(id, error.outcome, line);
      return true;
    }
  }

  private async refuse(id: string, { faults, failed }: RowOutcome, line: ProgressLine): Promise<void> {
    await this.unitOfWork.run(async () => {
      const run = await this.imports.lock(id);
      if (!run || isFinal(run.state)) return;
      await this.imports.addFaults(id, faults);
      await this.imports.advance(id, 0, 0, { created: 0, updated: 0, skipped: 0, failed });
      await this.imports.finish(id, 'refused');
      await line.publish();
    });
  }

  private async lockRows(run: ImportRun, number: number, stopping: AbortSignal): Promise<void> {
    if (stopping.aborted) throw new WorkInterrupted();
    const { rows } = await this.read(run, number, new RowOutcome());
    await this.importers.of(run.kind).lock(rows, this.contextOf(run));
  }

  /** @returns how many rows the chunk has. */
  private async take(run: ImportRun, number: number, outcome: RowOutcome): Promise<number> {
    const { count, rows } = await this.read(run, number, outcome);
    await this.importers.of(run.kind).take(rows, this.contextOf(run), outcome);
    return count;
  }

  /** A chunk, and those of its rows that have a cell for each column. */
  private async read(run: ImportRun, number: number, outcome: RowOutcome) {
    const chunk = await this.imports.chunk(run.id, number);
    const rows = chunk.flatMap(([line, ...cells]) => rowOf(run.columns, line, cells, outcome));
    return { count: chunk.length, rows };
  }

  private contextOf(run: ImportRun): ImportContext {
    // Only an admin starts an import.
    const caller: Caller = { userId: run.created_by_id, roles: new Set(['admin']) };
    return {
      caller,
      duplicates: run.duplicates,
      isDryRun: run.state === 'checking',
      isBrief: !isWhole(run) || run.chunks <= MAX_BRIEF_CHUNKS,
      now: this.clock.now(),
      claimed: (keys) => this.imports.claimed(run.id, keys),
      claim: (keys) => this.imports.claim(run.id, keys),
    };
  }
}

/** Whether the next step is one transaction for all that there is. */
function isWhole({ state, mode }: ImportRun): boolean {
  return state === 'applying' && mode === 'all_or_nothing';
}

/** The row by columns; none, and a fault, when its cells are not as many. */
function rowOf(
  columns: readonly string[],
  line: number,
  cells: readonly string[],
  outcome: RowOutcome,
): readonly ImportRow[] {
  if (cells.length !== columns.length) {
    outcome.refuse(line, cellCountDiffers());
    return [];
  }
  const filled = columns.map((column, index) => [column, unguarded(cells[index]!)] as const);
  return [{ line, cells: Object.fromEntries(filled.filter(([, cell]) => cell !== '')) }];
}
