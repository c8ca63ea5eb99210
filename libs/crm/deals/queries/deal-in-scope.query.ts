import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, scopePredicate } from '#platform/auth';
import { Database, statement } from '#platform/persistence';
import { type DealFacts, DealFactsQuery, DealInScopeQuery } from '../contracts.js';
import { isClosed } from '../deal-stage.js';
import { dealNotFound } from '../deal.errors.js';

const FACTS = `SELECT d.id, d.client_id AS "clientId", d.owner_id AS "ownerId", d.executor_id AS "executorId", d.status
  FROM crm.deals d WHERE d.id = $1::uuid`;

type FactsRow = Omit<DealFacts, 'isClosed'> & { readonly status: string };

@QueryHandler(DealInScopeQuery)
export class DealInScopeHandler implements IQueryHandler<DealInScopeQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, isHeld, action }: DealInScopeQuery): Promise<DealFacts> {
    const scope = scopePredicate(requireAccess(caller, 'deals', action), 'd', 2);
    const row = await this.database.first<FactsRow>(
      statement(`${FACTS} AND NOT d.is_deleted AND ${scope.sql}${isHeld ? ' FOR SHARE' : ''}`),
      [dealId, ...scope.values],
    );
    return factsOf(row);
  }
}

@QueryHandler(DealFactsQuery)
export class DealFactsHandler implements IQueryHandler<DealFactsQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ dealId, isHeld }: DealFactsQuery): Promise<DealFacts> {
    return factsOf(await this.database.first<FactsRow>(statement(`${FACTS}${isHeld ? ' FOR SHARE' : ''}`), [dealId]));
  }
}

function factsOf(row: FactsRow | undefined): DealFacts {
  if (!row) throw dealNotFound();
  const { status, ...facts } = row;
  return { ...facts, isClosed: isClosed(status) };
}
