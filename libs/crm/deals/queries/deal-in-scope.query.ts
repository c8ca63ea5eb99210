import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { addScope, requireAccess } from '#platform/auth';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { type DealFacts, DealFactsQuery, DealInScopeQuery } from '../contracts.js';
import { isClosed } from '../deal-stage.js';
import { dealNotFound } from '../deal.errors.js';

const FACTS = `SELECT d.id, d.client_id AS "clientId", d.owner_id AS "ownerId", d.executor_id AS "executorId", d.status
  FROM crm.deals d`;

type FactsRow = Omit<DealFacts, 'isClosed'> & { readonly status: string };

@QueryHandler(DealInScopeQuery)
export class DealInScopeHandler implements IQueryHandler<DealInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, isLocked, action }: DealInScopeQuery): Promise<DealFacts> {
    const where = new SqlConditions('NOT d.is_deleted');
    where.add((p) => `d.id = ${p}::uuid`, dealId);
    addScope(where, requireAccess(caller, 'deals', action), 'd');
    const row = await this.database.first<FactsRow>(
      statement(`${FACTS} WHERE ${where.sql}${isLocked ? ' FOR SHARE' : ''}`),
      where.values,
    );
    return factsOf(row);
  }
}

@QueryHandler(DealFactsQuery)
export class DealFactsHandler implements IQueryHandler<DealFactsQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ dealId, isLocked }: DealFactsQuery): Promise<DealFacts> {
    return factsOf(
      await this.database.first<FactsRow>(statement(`${FACTS} WHERE d.id = $1::uuid${isLocked ? ' FOR SHARE' : ''}`), [
        dealId,
      ]),
    );
  }
}

function factsOf(row: FactsRow | undefined): DealFacts {
  if (!row) throw dealNotFound();
  const { status, ...facts } = row;
  return { ...facts, isClosed: isClosed(status) };
}
