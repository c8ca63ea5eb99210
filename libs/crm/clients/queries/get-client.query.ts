import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, type Scope } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from '../client.scope.js';
import { clientNotFound } from '../client.errors.js';
import { ClientInScopeQuery, type ClientView, survivorOf } from '../contracts.js';
import { CLIENT_COLUMNS } from './client-row.js';

/** Reads a client visible to the caller; for the id of a merged client its survivor. */
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
    return findClient(this.database, clientId, requireAccess(caller, 'clients', 'read'));
  }
}

/** Locks the client, or its survivor. */
const LOCK = statement(
  `SELECT c.id FROM crm.clients c WHERE c.id = ${survivorOf('$1')} AND NOT c.is_deleted FOR SHARE OF c`,
);

@QueryHandler(ClientInScopeQuery)
export class ClientInScopeHandler implements IQueryHandler<ClientInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `client_not_found`. */
  async execute({ caller, clientId, isLocked, purpose }: ClientInScopeQuery): Promise<ClientView> {
    const scope = requireAccess(caller, 'clients', purpose);
    // A caller without access is refused before a lock is taken or awaited.
    if (!isLocked || !scope.all) {
      const client = await findClient(this.database, clientId, scope);
      if (!isLocked) return client;
    }
    // Reads again after the lock: a statement that waits for a lock checks the scope on rows as they were before.
    return findClient(this.database, await this.lock(clientId), scope);
  }

  private async lock(clientId: string): Promise<string> {
    const lock = (): Promise<{ id: string } | undefined> => this.database.first<{ id: string }>(LOCK, [clientId]);
    // A client that is merged while this waits for its lock is not returned: the second statement sees the merge.
    const locked = (await lock()) ?? (await lock());
    if (!locked) throw clientNotFound();
    return locked.id;
  }
}

/** @throws DomainError `client_not_found`. */
async function findClient(database: Database, id: string, scope: Scope): Promise<ClientView> {
  const where = new SqlConditions('NOT c.is_deleted');
  where.add((p) => `c.id = ${survivorOf(p)}`, id);
  addClientScope(where, scope);
  const client = await database.first<ClientView>(
    statement(`SELECT ${CLIENT_COLUMNS} FROM crm.clients c WHERE ${where.sql}`),
    where.values,
  );
  if (!client) throw clientNotFound();
  return client;
}
