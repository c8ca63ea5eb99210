import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { PaymentStatus, PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';
import type { PaymentRow } from './get-payment.query.js';
import { type Include, paymentSelection } from './payment-row.js';

/** The earliest planned payment first. */
export const PAYMENTS_BY_PLAN: ListOrder = { name: 'payments', key: ['date', 'uuid'] };

/** A deal's payments, the earliest planned first. */
export class ListPaymentsQuery extends Query<Page<PaymentView>> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    /** Any of them; every one when empty. */
    readonly statuses: readonly PaymentStatus[],
    readonly includes: ReadonlySet<Include>,
    /** `after` holds planned date and id of the last payment seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListPaymentsQuery)
export class ListPaymentsHandler implements IQueryHandler<ListPaymentsQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  /** @throws DomainError `deal_not_found`, `policy_not_found`. */
  async execute({ caller, path, statuses, includes, page }: ListPaymentsQuery): Promise<Page<PaymentView>> {
    await this.queries.execute(new DealInScopeQuery(caller, path.dealId));
    await requirePolicyOfDeal(this.queries, caller, path);
    const conditions = conditionsOf(path, statuses);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(p.planned_date, p.id)', PAYMENTS_BY_PLAN.key, page.after);
    const rows = await this.database.query<PaymentRow>(
      statement(
        `SELECT ${paymentSelection(includes)} FROM crm.payments p WHERE ${conditions.sql}
         ORDER BY p.planned_date, p.id LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit).map(({ payment, ...lines }) => ({ ...payment, ...lines }));
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.planned_date, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.payments p WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}

function conditionsOf({ dealId, policyId }: PaymentPath, statuses: readonly PaymentStatus[]): SqlConditions {
  const conditions = new SqlConditions('NOT p.is_deleted');
  conditions.add((p) => `p.deal_id = ${p}::uuid`, dealId);
  if (policyId !== null) conditions.add((p) => `p.policy_id = ${p}::uuid`, policyId);
  if (statuses.length > 0) conditions.add((p) => `p.status = ANY (${p}::text[])`, statuses);
  return conditions;
}
