import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, DateRange, ListColumns, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { DocumentLinkView, DocumentOwner } from '../contracts.js';
import { DocumentOwners } from '../document-owners.js';
import { DOCUMENT_COLUMNS } from './document-row.js';

/** Columns of the list; the oldest link first. */
export const DOCUMENT_LIST = {
  name: 'documents',
  sort: 'created_at',
  sorts: { created_at: { created_at: 'timestamptz', id: 'uuid' } },
  ranges: { created: { column: 'created_at', type: 'timestamptz' } },
} as const satisfies ListColumns;

/** The documents linked to a deal, policy or client, in the order of the page. */
export class ListDocumentsQuery extends Query<Page<DocumentLinkView>> {
  constructor(
    readonly caller: Caller,
    readonly ownerType: DocumentOwner,
    readonly ownerId: string,
    readonly ranges: readonly DateRange[],
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListDocumentsQuery)
export class ListDocumentsHandler implements IQueryHandler<ListDocumentsQuery> {
  constructor(
    private readonly owners: DocumentOwners,
    private readonly lists: ListReader,
  ) {}

  async execute({ caller, ownerType, ownerId, ranges, page }: ListDocumentsQuery): Promise<Page<DocumentLinkView>> {
    const owner = await this.owners.require(ownerType, ownerId, caller, 'read');
    const where = new SqlConditions();
    where.add((p) => `owner_type = ${p}::text`, ownerType);
    where.add((p) => `owner_id = ${p}::uuid`, owner.id);
    return this.lists.page(
      {
        select: DOCUMENT_COLUMNS,
        from: 'crm.document_links',
        where,
        ranges,
        map: (row: DocumentLinkView) => row,
      },
      page,
    );
  }
}
