import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { addScope, requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, type Caller, Clock, type Page, type PageRequest } from '#platform/kernel';
import { ListReader, type SqlConditions } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import { addDueFilter, paymentConditions, type PaymentFilter } from './payment-filter.js';
import { type Include, paymentSelection, paymentView } from './payment-row.js';

/** Payments of all deals in the caller's scope, in the order of the page. */
export class ListAllPaymentsQuery extends Query<Page<PaymentView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: PaymentFilter,
    readonly includes: ReadonlySet<Include>,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListAllPaymentsQuery)
export class ListAllPaymentsHandler implements IQueryHandler<ListAllPaymentsQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter, includes, page }: ListAllPaymentsQuery): Promise<Page<PaymentView>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    return this.lists.page(
      {
        select: paymentSelection(includes, page.order),
        from: 'crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id',
        where: conditionsOf(filter, requireAccess(caller, 'payments', 'read'), today),
        ranges: filter.ranges,
        map: paymentView,
        mayLag: true,
      },
      page,
    );
  }
}

/** Planned each time: a scope and a filter may have few payments or most of them. */
function conditionsOf(filter: PaymentFilter, scope: Scope, today: CalendarDate): SqlConditions {
  const where = paymentConditions(filter, 'NOT d.is_deleted').planEachTime();
  addScope(where, scope, 'd');
  addDueFilter(where, filter, today);
  return where;
}
