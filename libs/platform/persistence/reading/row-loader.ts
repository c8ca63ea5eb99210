import { Batches } from '../batching/batches.js';
import type { Database } from '../connection/database.js';
import type { Statement } from './statement.js';

/** While the rows of one statement are read, PostgreSQL runs the next; more would only make the batches smaller. */
const MAX_CONCURRENT_STATEMENTS = 2;
const MAX_BATCH_SIZE = 100;

/**
 * Loads rows by id. Concurrent loads share one statement: under load a row costs PostgreSQL and this process a fraction of
 * a statement of its own. A row is always read after its load was requested.
 */
export class RowLoader<R extends { readonly id: string }> {
  private readonly batches: Batches<string, R | undefined>;

  /** @param byIds selects the rows whose ids are in its one parameter: {@link arrayOfAnyLength}. */
  constructor(
    private readonly database: Database,
    private readonly byIds: Statement,
  ) {
    const { maxWaitMs } = database;
    this.batches = new Batches((ids) => this.rowsOf(ids), {
      maxConcurrent: MAX_CONCURRENT_STATEMENTS,
      maxBatchSize: MAX_BATCH_SIZE,
      maxWaitMs,
    });
  }

  /**
   * Returns the row, or undefined; in an open unit of work as its transaction sees it.
   * @param id in lower case.
   */
  load(id: string): Promise<R | undefined> {
    if (this.database.isInUnitOfWork) return this.database.first<R>(this.byIds, [[id]]);
    return this.batches.add(id);
  }

  private async rowsOf(ids: readonly string[]): Promise<readonly (R | undefined)[]> {
    const rows = await this.database.query<R>(this.byIds, [ids]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }
}
