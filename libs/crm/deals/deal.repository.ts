import { Injectable } from '@nestjs/common';
import { type ActionOn, forbidden, inScope, requireAccess, type Scope } from '#platform/auth';
import { type Caller, type ExpectedVersion, type Instant } from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { statement, type Statement } from '#platform/persistence';
import { Deal } from './deal.entity.js';
import { clientNotFound, dealNotFound } from './deal.errors.js';

/**
 * The client must be there and in the caller's scope, and stay so until the deal is stored: the share lock makes a
 * deletion of the client wait, and this wait for a deletion.
 */
const CLIENT_IN_SCOPE = {
  types: ['uuid', 'boolean', 'uuid'],
  source: ([clientId, seesAll, ownerId]: readonly string[]) => `(
    SELECT 1 FROM crm.clients c WHERE c.id = ${clientId} AND NOT c.is_deleted AND c.merged_into_id IS NULL
      AND (${seesAll} OR c.owner_id = ${ownerId} OR EXISTS (
        SELECT 1 FROM crm.deals o WHERE o.client_id = c.id AND o.owner_id = ${ownerId} AND NOT o.is_deleted))
    FOR SHARE OF c) AS client`,
};

/** Conflicts with the shared lock that an added part of the deal takes. */
const LOCK_ROW = statement('SELECT id FROM crm.deals WHERE id = $1::uuid FOR NO KEY UPDATE');
const OPEN_CLIENTS = statement(
  `SELECT given.id AS given_id, c.id FROM crm.clients given JOIN crm.clients c ON c.id = coalesce(given.merged_into_id, given.id)
   WHERE given.id = ANY ($1::uuid[]) AND NOT c.is_deleted ORDER BY c.id FOR SHARE OF c`,
);

/** Queries of {@link DealRepository.openClients}: one, and one more for each merge that ends while it waits for a lock. */
const MAX_CLIENT_QUERIES = 3;

/** Loads deals to be changed and stores them with their journal and events. */
@Injectable()
export class DealRepository extends AggregateRepository<Deal> {
  private readonly byId: Statement;
  private readonly byIds: Statement;
  private readonly byIdsLocked: Statement;

  constructor(store: AggregateStore) {
    super(store, Deal, { insertCondition: CLIENT_IN_SCOPE });
    this.byId = statement(
      `SELECT ${this.mapping.selection} FROM ${this.mapping.table} WHERE id = $1::uuid AND NOT is_deleted`,
    );
    const byIds = `SELECT ${this.mapping.selection} FROM ${this.mapping.table} WHERE id = ANY ($1::uuid[]) ORDER BY id`;
    this.byIds = statement(byIds);
    this.byIdsLocked = statement(`${byIds} FOR NO KEY UPDATE`);
  }

  /**
   * The deal, if the caller may do this to it.
   * @throws DomainError `deal_not_found` when the caller may not even see it, `forbidden` when it may not do this,
   *   `version_mismatch` when it is not the version the caller saw.
   */
  async load(id: string, caller: Caller, action: ActionOn<'deals'>, expected: ExpectedVersion): Promise<Deal> {
    const readable = requireAccess(caller, 'deals', 'read');
    const row = await this.store.database.first<Record<string, unknown>>(this.byId, [id]);
    const deal = row && this.mapping.hydrate(row);
    if (!deal || !inScope(readable, deal.parties)) throw dealNotFound();
    if (!inScope(requireAccess(caller, 'deals', action), deal.parties)) throw forbidden();
    deal.expectVersion(expected);
    return deal;
  }

  /** Locks the deal against changes and additions until the unit of work ends. Call it before {@link load}. */
  async lock(id: string): Promise<void> {
    await this.store.database.query(LOCK_ROW, [id]);
  }

  /**
   * Returns the deal without an access check, for a command that has checked access and locked the row.
   * @throws DomainError `deal_not_found`.
   */
  async loadHeld(id: string): Promise<Deal> {
    const row = await this.store.database.first<Record<string, unknown>>(this.byId, [id]);
    if (!row) throw dealNotFound();
    return this.mapping.hydrate(row);
  }

  /**
   * Stores a new deal.
   * @param clients the clients for which the caller may open deals.
   * @throws DomainError `client_not_found`.
   */
  async add(deal: Deal, clients: Scope, now: Instant): Promise<void> {
    await this.write(deal, now, [deal.view.client_id, clients.all, clients.ownerId]);
  }

  /**
   * The deals with these ids, deleted ones too, by id; for imports.
   * @param isLocked whether to lock them until the unit of work ends.
   */
  async known(ids: readonly string[], isLocked: boolean): Promise<ReadonlyMap<string, Deal>> {
    if (ids.length === 0) return new Map();
    const rows = await this.store.database.query<Record<string, unknown>>(isLocked ? this.byIdsLocked : this.byIds, [
      ids,
    ]);
    return new Map(rows.map((row) => this.mapping.hydrate(row)).map((deal) => [deal.id, deal]));
  }

  /**
   * The clients that deals can be opened for, by the given ids: of a merged client its survivor. They are locked against
   * deletion and merging until the unit of work ends.
   */
  async openClients(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    let missing = ids;
    // A client that is merged while its lock is awaited is not returned: the next query finds its survivor.
    for (let queries = 0; queries < MAX_CLIENT_QUERIES && missing.length > 0; queries++) {
      const rows = await this.store.database.query<{ given_id: string; id: string }>(OPEN_CLIENTS, [missing]);
      for (const { given_id, id } of rows) found.set(given_id, id);
      missing = missing.filter((id) => !found.has(id));
    }
    return found;
  }

  /** Stores new deals in one round trip, for clients that {@link openClients} has locked. */
  async addAll(deals: readonly Deal[], now: Instant): Promise<void> {
    await this.insertAll(deals, now);
  }

  /** Stores what changed; nothing when nothing did. */
  async save(deal: Deal, now: Instant): Promise<void> {
    if (deal.currentVersion !== deal.loadedVersion) await this.write(deal, now);
  }

  protected override refusedInsert(): Error {
    return clientNotFound();
  }
}
