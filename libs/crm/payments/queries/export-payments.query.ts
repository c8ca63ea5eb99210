import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, scopePredicate } from '#platform/auth';
import type { CalendarDate, Caller } from '#platform/kernel';
import { Database, SqlConditions } from '#platform/persistence';
import type { PaymentStatus, PaymentView } from '../contracts.js';

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
  constructor(private readonly database: Database) {}

  execute({ caller, filter }: ExportPaymentsQuery): Promise<AsyncIterable<readonly PaymentView[]>> {
    const conditions = new SqlConditions('NOT p.is_deleted', 'NOT d.is_deleted');
    const scope = scopePredicate(requireAccess(caller, 'payments', 'read'), 'd', conditions.nextParameter);
    conditions.addNumbered(scope.sql, scope.values);
    if (filter.dealId) conditions.add((p) => `p.deal_id = ${p}::uuid`, filter.dealId);
    if (filter.policyId) conditions.add((p) => `p.policy_id = ${p}::uuid`, filter.policyId);
    if (filter.statuses.length > 0) conditions.add((p) => `p.status = ANY (${p}::text[])`, filter.statuses);
    if (filter.plannedFrom) conditions.add((p) => `p.planned_date >= ${p}::date`, filter.plannedFrom);
    if (filter.plannedTo) conditions.add((p) => `p.planned_date <= ${p}::date`, filter.plannedTo);
    const select = `SELECT p.id, crm.payment_json(p) AS payment
      FROM crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id`;
    return Promise.resolve(viewed(this.database.pagesById<PaymentRow>(select, 'p.id', conditions)));
  }
}

interface PaymentRow {
  readonly id: string;
  readonly payment: PaymentView;
}

async function* viewed(batches: AsyncIterable<readonly PaymentRow[]>): AsyncGenerator<readonly PaymentView[]> {
  for await (const rows of batches) yield rows.map(({ payment }) => payment);
}
