import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { type ImportView, ImportViews } from '../import-views.js';

/** One import. */
export class GetImportQuery extends Query<ImportView> {
  constructor(
    readonly caller: Caller,
    readonly importId: string,
  ) {
    super();
  }
}

@QueryHandler(GetImportQuery)
export class GetImportHandler implements IQueryHandler<GetImportQuery> {
  constructor(private readonly views: ImportViews) {}

  /** @throws DomainError `import_not_found`. */
  async execute({ caller, importId }: GetImportQuery): Promise<ImportView> {
    requireAccess(caller, 'imports', 'read');
    return this.views.get(importId);
  }
}
