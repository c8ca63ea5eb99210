import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, scopePredicate } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { dealNotFound } from '../deal.errors.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** One deal, if the caller may see it. */
export class GetDealQuery extends Query<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /** `rpc`: as another service reads it, whatever user it serves. */
    readonly action: 'read' | 'rpc' = 'read',
  ) {
    super();
  }
}

@QueryHandler(GetDealQuery)
export class GetDealHandler implements IQueryHandler<GetDealQuery> {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, action }: GetDealQuery): Promise<DealView> {
    const scope = scopePredicate(requireAccess(caller, 'deals', action), 'd', 2);
    const row = await this.database.first<DealRow>(
      statement(`SELECT ${DEAL_COLUMNS} FROM crm.deals d WHERE d.id = $1::uuid AND NOT d.is_deleted AND ${scope.sql}`),
      [dealId, ...scope.values],
    );
    if (!row) throw dealNotFound();
    return dealView(row);
  }
}
