import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { JobRequests } from '#platform/jobs';
import type { Caller } from '#platform/kernel';
import { isFinal } from '../import-state.js';
import { ImportViews, type ShownImport } from '../import-views.js';
import { IMPORTS } from '../jobs/imports.queue.js';

/** One import. */
export class GetImportQuery extends Query<ShownImport> {
  constructor(
    readonly caller: Caller,
    readonly importId: string,
  ) {
    super();
  }
}

@QueryHandler(GetImportQuery)
export class GetImportHandler implements IQueryHandler<GetImportQuery> {
  constructor(
    private readonly views: ImportViews,
    private readonly requests: JobRequests,
  ) {}

  /** @throws DomainError `import_not_found`. */
  async execute({ caller, importId }: GetImportQuery): Promise<ShownImport> {
    requireAccess(caller, 'imports', 'read');
    // Asked before the import is read: its end comes before its job's.
    const isPending = await this.requests.isPending(IMPORTS, importId);
    const view = await this.views.get(importId);
    return isPending || isFinal(view.state) ? view : { ...view, state: 'failed' };
  }
}
