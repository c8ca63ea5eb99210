import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { RowFault } from '../contracts.js';
import { ImportViews } from '../import-views.js';

/** The order of the file. */
export const ERRORS_BY_LINE: ListOrder = { name: 'import-errors', key: { line: 'int', number: 'int' } };

/** What is wrong with an import's rows, in the order of the file. */
export class ListImportErrorsQuery extends Query<Page<RowFault>> {
  constructor(
    readonly caller: Caller,
    readonly importId: string,
    /** `after` contains line and number of the last error seen. */
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
        order: ERRORS_BY_LINE,
        map: ({ line, column, code, detail }: RowFault) => ({ line, column, code, detail }),
      },
      page,
    );
  }
}
