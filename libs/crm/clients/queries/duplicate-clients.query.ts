import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client.scope.js';
import type { Client } from '../client.entity.js';
import type { ClientView } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

const MAX_DUPLICATES = 10;

/**
 * Clients in the caller's scope that have the same normalised e-mail, phone or tax id, or were merged with one that has
 * it; the newest ten.
 */
export class DuplicateClientsQuery extends Query<readonly ClientView[]> {
  constructor(
    readonly caller: Caller,
    readonly keys: Client['keys'],
  ) {
    super();
  }
}

@QueryHandler(DuplicateClientsQuery)
export class DuplicateClientsHandler implements IQueryHandler<DuplicateClientsQuery> {
  constructor(private readonly database: Database) {}

  async execute({ caller, keys }: DuplicateClientsQuery): Promise<readonly ClientView[]> {
    if (!keys.email && !keys.phone && !keys.taxId) return [];
    const where = new SqlConditions('NOT c.is_deleted', 'c.merged_into_id IS NULL');
    const [email, phone, taxId] = [keys.email, keys.phone, keys.taxId].map((key) => `${where.parameter(key)}::text`);
    const hasKey = (alias: string): string =>
      `(${alias}.email_key = ${email} OR ${alias}.phone_key = ${phone} OR ${alias}.tax_id_key = ${taxId})`;
    const survivors = `ARRAY(SELECT m.merged_into_id FROM crm.clients m WHERE m.merged_into_id IS NOT NULL AND ${hasKey('m')})`;
    where.addSql(`(${hasKey('c')} OR c.id = ANY (${survivors}))`);
    addClientScope(where, requireAccess(caller, 'clients', 'read'));
    return this.database.query<ClientView>(
      statement(
        `SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${where.sql}
         ORDER BY c.created_at DESC, c.id DESC LIMIT ${MAX_DUPLICATES}`,
      ),
      where.values,
    );
  }
}
