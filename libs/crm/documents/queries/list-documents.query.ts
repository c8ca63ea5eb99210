import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { DocumentLinkView, DocumentOwner } from '../contracts.js';
import { DocumentOwners } from '../document-owners.js';
import { DOCUMENT_COLUMNS } from './document-row.js';

/** The oldest link first. */
export const DOCUMENTS_BY_CREATION: ListOrder = {
  name: 'documents',
  key: { created_at: 'timestamptz', id: 'uuid' },
};

/** The documents linked to a deal, policy or client, the oldest link first. */
export class ListDocumentsQuery extends Query<Page<DocumentLinkView>> {
  constructor(
    readonly caller: Caller,
    readonly ownerType: DocumentOwner,
    readonly ownerId: string,
    /** `after` contains creation and id of the last link seen. */
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

  async execute({ caller, ownerType, ownerId, page }: ListDocumentsQuery): Promise<Page<DocumentLinkView>> {
    const owner = await this.owners.require(ownerType, ownerId, caller, 'read');
    const where = new SqlConditions();
    where.add((p) => `owner_type = ${p}::text`, ownerType);
    where.add((p) => `owner_id = ${p}::uuid`, owner.id);
    return this.lists.page(
      {
        select: DOCUMENT_COLUMNS,
        from: 'crm.document_links',
        where,
        order: DOCUMENTS_BY_CREATION,
        map: (row: DocumentLinkView) => row,
      },
      page,
    );
  }
}
