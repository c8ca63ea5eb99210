import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { PaymentStatus, PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';
import { type Include, paymentSelection, paymentView } from './payment-row.js';

/** The earliest planned payment first. */
export const PAYMENTS_BY_PLAN: ListOrder = { name: 'payments', key: { 'p.planned_date': 'date', 'p.id': 'uuid' } };

/** A deal's payments, the earliest planned first. */
export class ListPaymentsQuery extends Query<Page<PaymentView>> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    /** Any of them; every one when empty. */
    readonly statuses: readonly PaymentStatus[],
    readonly includes: ReadonlySet<Include>,
    /** `after` contains planned date and id of the last payment seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListPaymentsQuery)
export class ListPaymentsHandler implements IQueryHandler<ListPaymentsQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly queries: QueryBus,
  ) {}

  /** @throws DomainError `deal_not_found`, `policy_not_found`. */
  async execute({ caller, path, statuses, includes, page }: ListPaymentsQuery): Promise<Page<PaymentView>> {
    await this.queries.execute(new DealInScopeQuery(caller, path.dealId));
    await requirePolicyOfDeal(this.queries, caller, path);
    return this.lists.page(
      {
        select: paymentSelection(includes),
        from: 'crm.payments p',
        where: conditionsOf(path, statuses),
        order: PAYMENTS_BY_PLAN,
        map: paymentView,
      },
      page,
    );
  }
}

function conditionsOf({ dealId, policyId }: PaymentPath, statuses: readonly PaymentStatus[]): SqlConditions {
  const conditions = new SqlConditions('NOT p.is_deleted');
  conditions.add((p) => `p.deal_id = ${p}::uuid`, dealId);
  if (policyId !== null) conditions.add((p) => `p.policy_id = ${p}::uuid`, policyId);
  if (statuses.length > 0) conditions.addAnyOf('p.status', statuses);
  return conditions;
}
