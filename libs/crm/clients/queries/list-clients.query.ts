import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { ClientSettings } from '#platform/config';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, plannedEachTime, SqlConditions, statement } from '#platform/persistence';
import { addClientReach } from '../client-scope.js';
import { searchTerms } from '../contacts/contact-keys.js';
import type { ClientStatus, ClientView } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** The newest client first. */
export const CLIENTS_BY_CREATION: ListOrder = { name: 'clients', key: ['timestamptz', 'uuid'] };

/** Clients in the caller's scope, the newest first. */
export class ListClientsQuery extends Query<Page<ClientView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: {
      /** Part of name, e-mail, phone (however written) or tax id, in any case. */
      readonly search?: string;
      readonly ownerId?: string;
      readonly status?: ClientStatus;
    },
    /** `after` holds creation and id of the last client seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListClientsQuery)
export class ListClientsHandler implements IQueryHandler<ListClientsQuery> {
  constructor(
    private readonly database: Database,
    private readonly settings: ClientSettings,
  ) {}

  async execute({ caller, filter, page }: ListClientsQuery): Promise<Page<ClientView>> {
    const conditions = new SqlConditions('NOT c.is_deleted');
    const scope = requireAccess(caller, 'clients', 'read');
    addClientReach(conditions, scope);
    if (filter.ownerId) conditions.add((p) => `c.owner_id = ${p}::uuid`, filter.ownerId);
    if (filter.status) conditions.add((p) => `c.status = ${p}::text`, filter.status);
    if (filter.search) addClientSearch(conditions, searchTerms(filter.search, this.settings.phoneRegion));
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(c.created_at, c.id)', CLIENTS_BY_CREATION.key, page.after, 'desc');
    const planned = scope.all && !filter.search ? statement : plannedEachTime;
    const rows = await this.database.query<ClientView>(
      planned(
        `SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${conditions.sql}
         ORDER BY c.created_at DESC, c.id DESC LIMIT ${conditions.limit(page.limit + 1)}`,
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
      statement(`SELECT count(*)::int AS count FROM crm.clients c WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}

/** Also by name, contacts and tax id of a client that was merged into it: an array, so that both parts use an index. */
function addClientSearch(conditions: SqlConditions, terms: readonly string[]): void {
  conditions.addSearches(
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
