import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client-scope.js';
import { clientNotFound } from '../client.errors.js';
import { ClientInScopeQuery, type ClientView } from '../contracts.js';
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
  execute({ caller, clientId }: GetClientQuery): Promise<ClientView> {
    return findClient(this.database, caller, clientId, '');
  }
}

@QueryHandler(ClientInScopeQuery)
export class ClientInScopeHandler implements IQueryHandler<ClientInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `client_not_found`. */
  execute({ caller, clientId, isHeld }: ClientInScopeQuery): Promise<ClientView> {
    return findClient(this.database, caller, clientId, isHeld ? ' FOR SHARE OF c' : '');
  }
}

async function findClient(database: Database, caller: Caller, id: string, lock: string): Promise<ClientView> {
  const conditions = new SqlConditions('NOT c.is_deleted');
  conditions.add((placeholder) => `c.id = ${placeholder}::uuid`, id);
  addClientScope(conditions, requireAccess(caller, 'clients', 'read'));
  const client = await database.first<ClientView>(
    statement(`SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${conditions.sql}${lock}`),
    conditions.values,
  );
  if (!client) throw clientNotFound();
  return client;
}
