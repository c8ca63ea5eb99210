import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller, ListColumns, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { RowFault } from '../contracts.js';
import { ImportViews } from '../import-views.js';

/** Columns of the list; in the order of the file. */
export const IMPORT_ERROR_LIST = {
  name: 'import-errors',
  sort: 'line',
  sorts: { line: { line: 'int', number: 'int' } },
} as const satisfies ListColumns;

/** What is wrong with an import's rows, in the order of the page. */
export class ListImportErrorsQuery extends Query<Page<RowFault>> {
  constructor(
    readonly caller: Caller,
    readonly importId: string,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListImportErrorsQuery)
export class ListImportErrorsHandler implements IQueryHandler<ListImportErrorsQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly views: ImportViews,
  ) {}

  /** @throws DomainError `import_not_found`. */
  async execute({ caller, importId, page }: ListImportErrorsQuery): Promise<Page<RowFault>> {
    requireAccess(caller, 'imports', 'read');
    await this.views.get(importId);
    const where = new SqlConditions();
    where.add((p) => `import_id = ${p}::uuid`, importId);
    return this.lists.page(
      {
        select: 'line, number, "column", code, detail',
        from: 'crm.import_errors',
        where,
        map: ({ line, column, code, detail }: RowFault) => ({ line, column, code, detail }),
      },
      page,
    );
  }
}
