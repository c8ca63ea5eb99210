import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { RowFault } from '../contracts.js';
import { ImportViews } from '../import-views.js';

/** The order of the file. */
export const ERRORS_BY_LINE: ListOrder = { name: 'import-errors', key: ['int', 'int'] };

/** What is wrong with an import's rows, in the order of the file. */
export class ListImportErrorsQuery extends Query<Page<RowFault>> {
  constructor(
    readonly caller: Caller,
    readonly importId: string,
    /** `after` holds line and number of the last error seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListImportErrorsQuery)
export class ListImportErrorsHandler implements IQueryHandler<ListImportErrorsQuery> {
  constructor(
    private readonly database: Database,
    private readonly views: ImportViews,
  ) {}

  /** @throws DomainError `import_not_found`. */
  async execute({ caller, importId, page }: ListImportErrorsQuery): Promise<Page<RowFault>> {
    requireAccess(caller, 'imports', 'read');
    await this.views.get(importId);
    const conditions = new SqlConditions();
    conditions.add((p) => `import_id = ${p}::uuid`, importId);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(line, number)', ERRORS_BY_LINE.key, page.after);
    const rows = await this.database.query<RowFault & { number: number }>(
      statement(
        `SELECT line, number, "column", code, detail FROM crm.import_errors WHERE ${conditions.sql}
         ORDER BY line, number LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const shown = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? shown.at(-1) : undefined;
    const next = last ? [String(last.line), String(last.number)] : null;
    const items = shown.map(({ line, column, code, detail }) => ({ line, column, code, detail }));
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.import_errors WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}
