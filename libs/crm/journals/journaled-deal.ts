import { type ActionOn, forbidden, addScope, inScope, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { type Database, SqlConditions, statement } from '#platform/persistence';
import { dealNotFound } from './journal.errors.js';

/** The deal that a journal belongs to, as far as the journal needs it. */
export interface JournaledDeal {
  readonly id: string;
  readonly clientId: string;
  readonly ownerId: string | null;
  readonly executorId: string | null;
}

/**
 * Returns the deal after an access check of its journal. For a write it is locked until the transaction ends, so that
 * the entry's event reaches the owner and executor at the commit.
 * @throws DomainError `deal_not_found` when the deal is out of scope, `forbidden` when the caller may not do this.
 */
export async function requireJournaledDeal(
  database: Database,
  dealId: string,
  caller: Caller,
  action: ActionOn<'journal'>,
): Promise<JournaledDeal> {
  const where = new SqlConditions('NOT d.is_deleted');
  where.add((p) => `d.id = ${p}::uuid`, dealId);
  addScope(where, requireAccess(caller, 'journal', 'read'), 'd');
  const deal = await database.first<JournaledDeal>(
    statement(
      `SELECT d.id, d.client_id AS "clientId", d.owner_id AS "ownerId", d.executor_id AS "executorId"
       FROM crm.deals d WHERE ${where.sql}${action === 'read' ? '' : ' FOR SHARE'}`,
    ),
    where.values,
  );
  if (!deal) throw dealNotFound();
  if (!inScope(requireAccess(caller, 'journal', action), deal)) throw forbidden();
  return deal;
}
