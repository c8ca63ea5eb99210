import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { DocumentLinkView, DocumentOwner } from '../contracts.js';
import { DocumentOwners } from '../document-owners.js';
import { DOCUMENT_COLUMNS } from './document-row.js';

/** The oldest link first. */
export const DOCUMENTS_BY_CREATION: ListOrder = { name: 'documents', key: ['timestamptz', 'uuid'] };

/** The documents linked to a deal, policy or client, the oldest link first. */
export class ListDocumentsQuery extends Query<Page<DocumentLinkView>> {
  constructor(
    readonly caller: Caller,
    readonly ownerType: DocumentOwner,
    readonly ownerId: string,
    /** `after` holds creation and id of the last link seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListDocumentsQuery)
export class ListDocumentsHandler implements IQueryHandler<ListDocumentsQuery> {
  constructor(
    private readonly owners: DocumentOwners,
    private readonly database: Database,
  ) {}

  async execute({ caller, ownerType, ownerId, page }: ListDocumentsQuery): Promise<Page<DocumentLinkView>> {
    const owner = await this.owners.require(ownerType, ownerId, caller, 'read');
    const conditions = new SqlConditions();
    conditions.addNumbered('owner_type = $1::text AND owner_id = $2::uuid', [ownerType, owner.id]);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(created_at, id)', DOCUMENTS_BY_CREATION.key, page.after);
    const rows = await this.database.query<DocumentLinkView>(
      statement(
        `SELECT ${DOCUMENT_COLUMNS} FROM crm.document_links WHERE ${conditions.sql}
         ORDER BY created_at, id LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.created_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.document_links WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}
