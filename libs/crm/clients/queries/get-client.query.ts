import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client-scope.js';
import { clientNotFound } from '../client.errors.js';
import { ClientInScopeQuery, type ClientView, survivorOf } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** One client, if the caller may see it; for the id of a merged client its survivor. */
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
    const client = await findClient(this.database, caller, clientId, { lock: '', purpose: 'read' });
    if (!client) throw clientNotFound();
    return client;
  }
}

@QueryHandler(ClientInScopeQuery)
export class ClientInScopeHandler implements IQueryHandler<ClientInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `client_not_found`. */
  async execute({ caller, clientId, isHeld, purpose }: ClientInScopeQuery): Promise<ClientView> {
    const search = { lock: isHeld ? ' FOR SHARE OF c' : '', purpose };
    const find = (): Promise<ClientView | undefined> => findClient(this.database, caller, clientId, search);
    // A client that was merged while this waited for its lock: the second query sees the merge.
    const client = (await find()) ?? (isHeld ? await find() : undefined);
    if (!client) throw clientNotFound();
    return client;
  }
}

interface Search {
  readonly lock: string;
  readonly purpose: ClientInScopeQuery['purpose'];
}

function findClient(
  database: Database,
  caller: Caller,
  id: string,
  { lock, purpose }: Search,
): Promise<ClientView | undefined> {
  const conditions = new SqlConditions('NOT c.is_deleted');
  conditions.add((p) => `c.id = ${survivorOf(p)}`, id);
  addClientScope(conditions, requireAccess(caller, 'clients', purpose));
  return database.first<ClientView>(
    statement(`SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${conditions.sql}${lock}`),
    conditions.values,
  );
}
