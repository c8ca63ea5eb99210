import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { ClientSettings } from '#platform/config';
import type { Caller, DateRange, ListColumns, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import { addClientScope } from '../client.scope.js';
import { searchTerms } from '../contacts/contact-keys.js';
import type { ClientKind, ClientStatus, ClientView } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** Columns of the list; the newest client first. */
export const CLIENT_LIST = {
  name: 'clients',
  sort: '-created_at',
  sorts: {
    created_at: { 'c.created_at': 'timestamptz', 'c.id': 'uuid' },
    updated_at: { 'c.updated_at': 'timestamptz', 'c.id': 'uuid' },
    name: { 'c.name': 'text', 'c.id': 'uuid' },
  },
  ranges: {
    created: { column: 'c.created_at', type: 'timestamptz' },
    updated: { column: 'c.updated_at', type: 'timestamptz' },
  },
} as const satisfies ListColumns;

/** Clients in the caller's scope, in the order of the page. */
export class ListClientsQuery extends Query<Page<ClientView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: {
      /** Part of name, e-mail, phone (however written) or tax id, in any case. */
      readonly search?: string;
      readonly ownerId?: string;
      readonly statuses?: readonly ClientStatus[];
      readonly kinds?: readonly ClientKind[];
      readonly ranges?: readonly DateRange[];
    },
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListClientsQuery)
export class ListClientsHandler implements IQueryHandler<ListClientsQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly settings: ClientSettings,
  ) {}

  async execute({ caller, filter, page }: ListClientsQuery): Promise<Page<ClientView>> {
    const where = new SqlConditions('NOT c.is_deleted');
    addClientScope(where, requireAccess(caller, 'clients', 'read'));
    if (filter.ownerId) where.add((p) => `c.owner_id = ${p}::uuid`, filter.ownerId);
    if (filter.statuses) where.addAnyOf('c.status', filter.statuses);
    if (filter.kinds) where.addAnyOf('c.kind', filter.kinds);
    if (filter.search) addClientSearch(where, searchTerms(filter.search, this.settings.phoneRegion));
    return this.lists.page(
      {
        select: CLIENT_COLUMNS,
        from: 'crm.clients c',
        where,
        ranges: filter.ranges,
        map: (row: ClientView) => row,
        mayLag: true,
      },
      page,
    );
  }
}

/** Also by name, contacts and tax id of a client that was merged into it: an array, so that both parts use an index. */
function addClientSearch(where: SqlConditions, terms: readonly string[]): void {
  where.addSearches(
    terms,
    (contains) => `(${contains(searched('c'))} OR c.id = ANY (ARRAY(
      SELECT m.merged_into_id FROM crm.clients m WHERE m.merged_into_id IS NOT NULL AND ${contains(searched('m'))})))`,
  );
}

/** The expression of the indexes `clients_search_idx` and `clients_merged_search_idx`. */
function searched(alias: string): string {
  const optional = ['email_key', 'phone_key', 'tax_id'].map((column) => `coalesce(${alias}.${column}, '')`);
  return `lower(${[`${alias}.name`, ...optional].join(` || ' ' || `)})`;
}
