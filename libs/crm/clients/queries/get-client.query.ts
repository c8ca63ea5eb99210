import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client-scope.js';
import { clientNotFound } from '../client.errors.js';
import type { ClientView } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** One client, if the caller may see it. */
export class GetClientQuery extends Query<ClientView> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
  ) {
    super();
  }
}

@QueryHandler(GetClientQuery)
export class GetClientHandler implements IQueryHandler<GetClientQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `client_not_found`. */
  async execute({ caller, clientId }: GetClientQuery): Promise<ClientView> {
    const conditions = new SqlConditions('NOT c.is_deleted');
    conditions.add((placeholder) => `c.id = ${placeholder}::uuid`, clientId);
    addClientScope(conditions, requireAccess(caller, 'clients', 'read'));
    const client = await this.database.first<ClientView>(
      statement(`SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${conditions.sql}`),
      conditions.values,
    );
    if (!client) throw clientNotFound();
    return client;
  }
}
