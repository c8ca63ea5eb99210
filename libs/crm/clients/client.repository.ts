import { Injectable } from '@nestjs/common';
import { type ActionOn, forbidden, requireAccess } from '#platform/auth';
import { type Caller, type DomainError, type ExpectedVersion, type Instant } from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { ADVISORY_LOCKS, SqlConditions, statement } from '#platform/persistence';
import { addClientScope } from './client.scope.js';
import { Client } from './client.entity.js';
import { clientMerged, clientNotFound } from './client.errors.js';
import { survivorOf } from './contracts.js';

const LOCK_MERGES = statement(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.clientMerge})`);
const LOCK_ROW = statement(
  `SELECT id, merged_into_id FROM crm.clients WHERE id = ANY ($1::uuid[]) OR merged_into_id = ANY ($1::uuid[])
   ORDER BY id FOR NO KEY UPDATE`,
);
const REDIRECT = statement('UPDATE crm.clients SET merged_into_id = $2::uuid WHERE merged_into_id = $1::uuid');
/** In one order, so that two can't wait for each other. */
const LOCK_KEYS = statement(
  `SELECT pg_advisory_xact_lock_shared(${ADVISORY_LOCKS.clientImport}), pg_advisory_xact_lock($1::int, hash)
   FROM (SELECT DISTINCT hashtext(key) AS hash FROM unnest($2::text[]) AS key ORDER BY hash) AS hashes`,
);
const LOCK_ALL_KEYS = statement(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.clientImport})`);
const LOCK = statement('SELECT id FROM crm.clients WHERE id = $1::uuid FOR UPDATE');

/** A client found by one of its keys. */
export interface ClientKeyOwner {
  /** Place, from 0, of the keys that it shares one of. */
  readonly place: number;
  readonly id: string;
}

const MAX_DUPLICATES = 10;
/** Survivors of merged clients with this key. */
function survivorsBy(column: string, key: string): string {
  return `UNION SELECT s.id FROM crm.clients m JOIN crm.clients s ON s.id = m.merged_into_id
    WHERE m.${column} = ${key} AND m.merged_into_id IS NOT NULL AND NOT s.is_deleted`;
}
const ALIKE = statement(`
  SELECT k.place::int - 1 AS place, c.id
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (email, phone, tax_id, place)
  CROSS JOIN LATERAL (
    SELECT id FROM crm.clients WHERE email_key = k.email AND NOT is_deleted
    UNION SELECT id FROM crm.clients WHERE phone_key = k.phone AND NOT is_deleted
    UNION SELECT id FROM crm.clients WHERE tax_id_key = k.tax_id AND NOT is_deleted
    ${survivorsBy('email_key', 'k.email')} ${survivorsBy('phone_key', 'k.phone')} ${survivorsBy('tax_id_key', 'k.tax_id')}
    LIMIT ${MAX_DUPLICATES}) AS c`);

/** Loads clients to be changed and stores them with their events. */
@Injectable()
export class ClientRepository extends AggregateRepository<Client> {
  constructor(store: AggregateStore) {
    super(store, Client);
  }

  /**
   * The client, if the caller may do this to it.
   * @throws DomainError `client_not_found` when the caller may not even see it, `client_merged` when it was merged into a
   *   client visible to the caller, `forbidden` when it may not do this, `version_mismatch` when it is not the version
   *   the caller saw.
   */
  async load(id: string, caller: Caller, action: ActionOn<'clients'>, expected: ExpectedVersion): Promise<Client> {
    const row = await this.find(id, caller, 'read');
    if (!row) throw await this.absence(id, caller);
    requireAccess(caller, 'clients', action);
    if (!(await this.find(id, caller, action))) throw forbidden();
    const client = this.mapping.hydrate(row);
    client.expectVersion(expected);
    return client;
  }

  /** Locks the client against new deals until the transaction ends; for a deletion. */
  async lock(id: string): Promise<void> {
    await this.store.database.query(LOCK, [id]);
  }

  /**
   * Locks these clients and those merged into them against changes, new deals, policies and documents until the unit of
   * work ends. Waits for other merges first: one that commits while this statement waits for a row would add a merged
   * client that is not in its snapshot, so that `redirectMerged` would lock rows out of order.
   * @returns the ids of those among them that were merged already.
   */
  async lockAndFindMerged(ids: readonly string[]): Promise<readonly string[]> {
    await this.store.database.query(LOCK_MERGES);
    const rows = await this.store.database.query<{ id: string; merged_into_id: string | null }>(LOCK_ROW, [ids]);
    return rows.filter(({ id, merged_into_id }) => merged_into_id !== null && ids.includes(id)).map(({ id }) => id);
  }

  /** Updates the clients merged into `id`, which is merged itself now, to its survivor. */
  async redirectMerged(id: string, survivorId: string): Promise<void> {
    await this.store.database.query(REDIRECT, [id, survivorId]);
  }

  /** Locks the keys until the unit of work ends, so that a concurrent insert of a client with one of them waits. */
  async lockKeys({ email, phone, taxId }: Client['keys']): Promise<void> {
    const keys = [email, phone, taxId].filter((key) => key !== null);
    if (keys.length > 0) await this.store.database.query(LOCK_KEYS, [ADVISORY_LOCKS.clientKeys, keys]);
  }

  /** Locks against every concurrent addition of a client with a key; for imports. */
  async lockAllKeys(): Promise<void> {
    await this.store.database.query(LOCK_ALL_KEYS);
  }

  /**
   * The clients with these ids, deleted ones too, by id; for imports.
   * @param isLocked whether to lock them until the unit of work ends.
   */
  async known(ids: readonly string[], isLocked: boolean): Promise<ReadonlyMap<string, Client>> {
    if (ids.length === 0) return new Map();
    const sql = `SELECT ${this.mapping.selection} FROM ${this.mapping.table} WHERE id = ANY ($1::uuid[]) ORDER BY id`;
    const found = statement(isLocked ? `${sql} FOR NO KEY UPDATE` : sql);
    const rows = await this.store.database.query<Record<string, unknown>>(found, [ids]);
    return new Map(rows.map((row) => this.mapping.hydrate(row)).map((client) => [client.id, client]));
  }

  /** Ids of clients by the keys that they share with `keys`: at most ten for each. */
  async alike(keys: readonly Client['keys'][]): Promise<readonly ClientKeyOwner[]> {
    const values = [keys.map(({ email }) => email), keys.map(({ phone }) => phone), keys.map(({ taxId }) => taxId)];
    return this.store.database.query<ClientKeyOwner>(ALIKE, values);
  }

  /** Stores new clients in one round trip. */
  async addAll(clients: readonly Client[], now: Instant): Promise<void> {
    await this.insertAll(clients, now);
  }

  /** Stores a new client, or what changed of a loaded one; nothing when nothing did. */
  async save(client: Client, now: Instant): Promise<void> {
    if (client.currentVersion !== client.loadedVersion) await this.write(client, now);
  }

  /** Why {@link load} finds no client. */
  private async absence(id: string, caller: Caller): Promise<DomainError> {
    const conditions = new SqlConditions('NOT c.is_deleted');
    conditions.add((placeholder) => `c.id = ${survivorOf(placeholder)}`, id);
    addClientScope(conditions, requireAccess(caller, 'clients', 'read'));
    const survivor = await this.store.database.first<{ readonly id: string }>(
      statement(`SELECT c.id FROM crm.clients c WHERE ${conditions.sql}`),
      conditions.values,
    );
    // A client that became visible after the first query is not merged.
    return survivor && survivor.id !== id ? clientMerged(survivor.id) : clientNotFound();
  }

  private find(id: string, caller: Caller, action: ActionOn<'clients'>): Promise<Record<string, unknown> | undefined> {
    const conditions = new SqlConditions('NOT c.is_deleted');
    conditions.add((placeholder) => `c.id = ${placeholder}::uuid`, id);
    addClientScope(conditions, requireAccess(caller, 'clients', action));
    return this.store.database.first(
      statement(`SELECT ${this.mapping.selection} FROM ${this.mapping.table} c WHERE ${conditions.sql}`),
      conditions.values,
    );
  }
}
