import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { addScope, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { ListReader } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import { paymentConditions, type PaymentFilter } from './payment-filter.js';
import { paymentSelection, paymentView } from './payment-row.js';

/** All payments in the caller's scope that the filter lets through; by id. */
export class ExportPaymentsQuery extends Query<AsyncIterable<readonly PaymentView[]>> {
  constructor(
    readonly caller: Caller,
    readonly filter: PaymentFilter,
  ) {
    super();
  }
}

@QueryHandler(ExportPaymentsQuery)
export class ExportPaymentsHandler implements IQueryHandler<ExportPaymentsQuery> {
  constructor(private readonly lists: ListReader) {}

  execute({ caller, filter }: ExportPaymentsQuery): Promise<AsyncIterable<readonly PaymentView[]>> {
    const where = paymentConditions(filter, 'NOT d.is_deleted');
    addScope(where, requireAccess(caller, 'payments', 'read'), 'd');
    const payments = {
      select: paymentSelection(),
      from: 'crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id',
      where,
      ranges: filter.ranges,
      map: paymentView,
      mayLag: true,
    } as const;
    return Promise.resolve(this.lists.batches(payments, 'p.id'));
  }
}
