import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import type { Caller, Page, PageRequest } from '#platform/kernel';
import { ListReader } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';
import { paymentConditions, type PaymentFilter } from './payment-filter.js';
import { type Include, paymentSelection, paymentView } from './payment-row.js';

/** A deal's payments, in the order of the page. */
export class ListPaymentsQuery extends Query<Page<PaymentView>> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    /** Narrows the payments of the path. */
    readonly filter: Omit<PaymentFilter, 'dealId' | 'policyId'>,
    readonly includes: ReadonlySet<Include>,
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
  async execute({ caller, path, filter, includes, page }: ListPaymentsQuery): Promise<Page<PaymentView>> {
    await this.queries.execute(new DealInScopeQuery(caller, path.dealId));
    await requirePolicyOfDeal(this.queries, caller, path);
    return this.lists.page(
      {
        select: paymentSelection(includes, page.order),
        from: 'crm.payments p',
        where: paymentConditions({ ...filter, dealId: path.dealId, policyId: path.policyId ?? undefined }),
        ranges: filter.ranges,
        map: paymentView,
      },
      page,
    );
  }
}
