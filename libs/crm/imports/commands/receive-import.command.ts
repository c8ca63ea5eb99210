import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { TransferSettings } from '#platform/config';
import { JobRequests } from '#platform/jobs';
import { type Caller, type FieldFault, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { DuplicateRule, Importer, ImportKind } from '../contracts.js';
import { type CsvRow, csvRows, type Encoding, isBlank } from '../csv-rows.js';
import type { ImportMode } from '../import-state.js';
import { duplicateRuleForbidden, emptyFile, tooManyRows, wrongColumns } from '../import.errors.js';
import { ImportRepository } from '../import.repository.js';
import { Importers } from '../importers.js';
import { IMPORTS, RUN_IMPORT } from '../jobs/imports.queue.js';

/** Of one transaction of the job; rows beyond it, in number or characters, begin the next chunk. */
const CHUNK_ROWS = 1_000;
const CHUNK_CHARACTERS = 524_288;
/** Quotes and comma of a cell in JSON. */
const CELL_CHARACTERS = 3;
const MAX_FAULTS = 100;

/** How a file is to be taken. */
export interface ImportOptions {
  readonly mode: ImportMode;
  readonly duplicates: DuplicateRule;
  readonly dryRun: boolean;
  readonly encoding: Encoding;
}

/** Takes a file in, to be imported by the worker. */
export class ReceiveImportCommand extends Command<string> {
  constructor(
    readonly caller: Caller,
    readonly kind: ImportKind,
    readonly options: ImportOptions,
    /** The file; read as it comes. */
    readonly bytes: AsyncIterable<Uint8Array>,
  ) {
    super();
  }
}

/**
 * Stores the file row by row in PostgreSQL, since the worker may be another machine. One transaction: of a file that
 * breaks off, or that can't be read, nothing stays.
 */
@CommandHandler(ReceiveImportCommand)
export class ReceiveImportHandler implements ICommandHandler<ReceiveImportCommand> {
  constructor(
    private readonly imports: ImportRepository,
    private readonly importers: Importers,
    private readonly requests: JobRequests,
    private readonly unitOfWork: UnitOfWork,
    private readonly settings: TransferSettings,
  ) {}

  /**
   * @returns the id of the import.
   * @throws DomainError 422 `wrong_columns`, `empty_file`, `validation_failed`, and as {@link csvRows} does; 413
   *   `too_many_rows`.
   */
  async execute({ caller, kind, options, bytes }: ReceiveImportCommand): Promise<string> {
    requireAccess(caller, 'imports', 'create');
    const importer = this.importers.of(kind);
    const { mode, duplicates, dryRun, encoding } = options;
    if (!importer.duplicateRules.includes(duplicates)) throw duplicateRuleForbidden(importer.duplicateRules);
    const id = newId();
    await this.unitOfWork.run(async () => {
      const rows = csvRows(bytes, encoding);
      const columns = await columnsOf(rows, importer);
      const run = { id, kind, mode, duplicates, dry_run: dryRun, columns, created_by_id: caller.userId };
      await this.imports.begin(run);
      await this.store(id, fitted(rows, columns.length));
      await this.requests.request({ queue: IMPORTS, name: RUN_IMPORT, key: id, payload: { import_id: id } });
    });
    return id;
  }

  private async store(id: string, rows: AsyncIterable<CsvRow>): Promise<void> {
    const most = this.settings.importRows;
    let [chunks, stored] = [0, 0];
    for await (const chunk of chunksOf(rows)) {
      stored += chunk.length;
      if (stored > most) throw tooManyRows(most);
      await this.imports.addChunk(id, chunks++, JSON.stringify(chunk));
    }
    if (stored === 0) throw emptyFile();
    await this.imports.setSize(id, stored, chunks);
  }
}

/** @throws DomainError `empty_file`, `wrong_columns`. */
async function columnsOf(rows: AsyncGenerator<CsvRow>, importer: Importer): Promise<readonly string[]> {
  const header = await rows.next();
  if (header.done) throw emptyFile();
  const { cells } = header.value;
  const columns = cells.slice(0, cells.findLastIndex((cell) => !isBlank(cell)) + 1).map((cell) => cell.trim());
  const faults: FieldFault[] = [];
  for (const [index, column] of columns.entries()) {
    // A header may have thousands of cells.
    if (faults.length === MAX_FAULTS) break;
    const pointer = `/${column}`;
    if (!importer.columns.includes(column)) faults.push({ pointer, code: 'unknown_column', detail: unknown(importer) });
    else if (columns.indexOf(column) < index) faults.push({ pointer, code: 'column_repeated', detail: 'stands twice' });
  }
  for (const column of importer.required) {
    if (!columns.includes(column)) faults.push({ pointer: `/${column}`, code: 'column_missing', detail: 'is needed' });
  }
  if (faults.length > 0) throw wrongColumns(faults);
  return columns;
}

function unknown({ columns }: Importer): string {
  return `is not one of ${columns.join(', ')}`;
}

/** The rows without the blank cells behind their last column. Of other cells there, one is left, for which the row is refused. */
async function* fitted(rows: AsyncIterable<CsvRow>, width: number): AsyncGenerator<CsvRow> {
  for await (const { line, cells } of rows) {
    const hasMore = cells.length > width && !cells.slice(width).every(isBlank);
    yield { line, cells: cells.slice(0, hasMore ? width + 1 : width) };
  }
}

async function* chunksOf(rows: AsyncIterable<CsvRow>): AsyncGenerator<(readonly [number, ...string[]])[]> {
  let chunk: (readonly [number, ...string[]])[] = [];
  let characters = 0;
  for await (const { line, cells } of rows) {
    chunk.push([line, ...cells]);
    for (const cell of cells) characters += cell.length + CELL_CHARACTERS;
    if (chunk.length < CHUNK_ROWS && characters < CHUNK_CHARACTERS) continue;
    yield chunk;
    [chunk, characters] = [[], 0];
  }
  if (chunk.length > 0) yield chunk;
}
