import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { addScope, requireAccess } from '#platform/auth';
import type { CalendarDate, Caller } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { PaymentStatus, PaymentView } from '../contracts.js';
import { paymentSelection, paymentView } from './payment-row.js';

/** Which payments are meant; what is absent doesn't narrow. */
export interface PaymentFilter {
  readonly dealId?: string;
  readonly policyId?: string;
  /** Any of them; every one when empty. */
  readonly statuses: readonly PaymentStatus[];
  readonly plannedFrom?: CalendarDate;
  /** Included. */
  readonly plannedTo?: CalendarDate;
}

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
    const where = new SqlConditions('NOT p.is_deleted', 'NOT d.is_deleted');
    addScope(where, requireAccess(caller, 'payments', 'read'), 'd');
    if (filter.dealId) where.add((p) => `p.deal_id = ${p}::uuid`, filter.dealId);
    if (filter.policyId) where.add((p) => `p.policy_id = ${p}::uuid`, filter.policyId);
    if (filter.statuses.length > 0) where.add((p) => `p.status = ANY (${p}::text[])`, filter.statuses);
    if (filter.plannedFrom) where.add((p) => `p.planned_date >= ${p}::date`, filter.plannedFrom);
    if (filter.plannedTo) where.add((p) => `p.planned_date <= ${p}::date`, filter.plannedTo);
    const payments = {
      select: paymentSelection(),
      from: 'crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id',
      where,
      map: paymentView,
      mayLag: true,
    } as const;
    return Promise.resolve(this.lists.batches(payments, 'p.id'));
  }
}
