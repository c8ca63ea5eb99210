import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client-scope.js';
import { clientNotFound } from '../client.errors.js';
import { ClientInScopeQuery, type ClientView } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** One client, if the caller may see it; the id of one that was merged answers with the client that stays. */
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
    return findClient(this.database, caller, clientId, { condition: survivorOf, lock: '', purpose: 'read' });
  }
}

@QueryHandler(ClientInScopeQuery)
export class ClientInScopeHandler implements IQueryHandler<ClientInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `client_not_found`. */
  execute({ caller, clientId, isHeld, purpose }: ClientInScopeQuery): Promise<ClientView> {
    const condition = (placeholder: string): string => `c.id = ${placeholder}::uuid`;
    return findClient(this.database, caller, clientId, { condition, lock: isHeld ? ' FOR SHARE OF c' : '', purpose });
  }
}

interface Search {
  readonly condition: (placeholder: string) => string;
  readonly lock: string;
  readonly purpose: ClientInScopeQuery['purpose'];
}

/** Follows merges to their end. */
function survivorOf(placeholder: string): string {
  return `c.id = (
    WITH RECURSIVE place AS (
      SELECT m.id, m.merged_into_id FROM crm.clients m WHERE m.id = ${placeholder}::uuid
      UNION SELECT n.id, n.merged_into_id FROM place JOIN crm.clients n ON n.id = place.merged_into_id)
    SELECT place.id FROM place WHERE place.merged_into_id IS NULL)`;
}

async function findClient(
  database: Database,
  caller: Caller,
  id: string,
  { condition, lock, purpose }: Search,
): Promise<ClientView> {
  const conditions = new SqlConditions('NOT c.is_deleted');
  conditions.add(condition, id);
  addClientScope(conditions, requireAccess(caller, 'clients', purpose));
  const client = await database.first<ClientView>(
    statement(`SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${conditions.sql}${lock}`),
    conditions.values,
  );
  if (!client) throw clientNotFound();
  return client;
}
