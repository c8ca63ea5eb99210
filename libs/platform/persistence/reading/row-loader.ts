import { Batches } from '../batching/batches.js';
import type { Database } from '../connection/database.js';
import type { Statement } from './statement.js';

/** While one statement is read the next is computed; more would only make the batches smaller. */
const LANES = 2;
const MOST_ROWS = 100;

/**
 * Rows by their id, those asked for at the same moment in one statement: under load a row costs PostgreSQL and this
 * process a fraction of a statement of its own. A row is read after it was asked for, never before.
 */
export class RowLoader<R extends { readonly id: string }> {
  private readonly batches: Batches<string, R | undefined>;

  /** @param byIds selects the rows whose ids are in its one parameter: {@link arrayOfAnyLength}. */
  constructor(
    private readonly database: Database,
    private readonly byIds: Statement,
  ) {
    const { patienceMs } = database;
    this.batches = new Batches((ids) => this.rowsOf(ids), { lanes: LANES, most: MOST_ROWS, patienceMs });
  }

  /**
   * The row; in an open unit of work as its transaction sees it.
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
