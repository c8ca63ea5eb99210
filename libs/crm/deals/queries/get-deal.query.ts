import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { inScope, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { arrayOfAnyLength, Database, RowLoader, statement } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { dealNotFound } from '../deal.errors.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** Reads one deal visible to the caller. */
export class GetDealQuery extends Query<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /** `rpc`: as another service reads it, regardless of its user. */
    readonly action: 'read' | 'rpc' = 'read',
  ) {
    super();
  }
}

const BY_IDS = statement(
  `SELECT ${DEAL_COLUMNS} FROM crm.deals d WHERE d.id = ANY (${arrayOfAnyLength('uuid')}) AND NOT d.is_deleted`,
);

@QueryHandler(GetDealQuery)
export class GetDealHandler implements IQueryHandler<GetDealQuery> {
  private readonly deals: RowLoader<DealRow>;

  constructor(database: Database) {
    this.deals = new RowLoader(database, BY_IDS);
  }

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, action }: GetDealQuery): Promise<DealView> {
    const scope = requireAccess(caller, 'deals', action);
    const row = await this.deals.load(dealId);
    if (!row || !inScope(scope, { ownerId: row.owner_id, executorId: row.executor_id })) throw dealNotFound();
    return dealView(row);
  }
}
