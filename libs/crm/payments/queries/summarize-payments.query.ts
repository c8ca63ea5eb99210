import { type IQueryHandler, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import { Database, statement } from '#platform/persistence';
import { type CurrencySummary, NATURES, SummarizePaymentsQuery } from '../contracts.js';
import { IN_TRANSIT } from '../lines/line-category.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';

/** One row for each currency; the sums may have more digits than one amount, so PostgreSQL counts them. */
const SUMS = statement(
  `WITH own AS (
     SELECT id, currency, planned_amount, cancelled_at FROM crm.payments
     WHERE deal_id = $1::uuid AND NOT is_deleted AND ($2::uuid IS NULL OR policy_id = $2::uuid)
   ), lines AS (
     SELECT own.currency, i.nature, i.amount AS income, 0::numeric(14,2) AS expense
     FROM own JOIN crm.payment_incomes i ON i.payment_id = own.id AND NOT i.is_deleted
     UNION ALL
     SELECT own.currency, e.nature, 0::numeric(14,2), e.amount
     FROM own JOIN crm.payment_expenses e ON e.payment_id = own.id AND NOT e.is_deleted
   ), natures AS (
     SELECT currency, nature, sum(income) AS incomes, sum(expense) AS expenses, sum(income - expense) AS net
     FROM lines GROUP BY currency, nature
   )
   SELECT p.currency, p.planned::text AS planned_total, coalesce(n.incomes, 0)::numeric(30,2)::text AS incomes_total,
     coalesce(n.expenses, 0)::numeric(30,2)::text AS expenses_total, coalesce(n.net, 0)::numeric(30,2)::text AS net_total,
     coalesce(n.in_transit, 0)::numeric(30,2)::text AS in_transit, coalesce(n.own, 0)::numeric(30,2)::text AS own,
     coalesce(n.natures, '[]') AS natures
   FROM (
     SELECT currency, coalesce(sum(planned_amount) FILTER (WHERE cancelled_at IS NULL), 0)::numeric(30,2) AS planned
     FROM own GROUP BY currency
   ) p CROSS JOIN LATERAL (
     SELECT sum(incomes) AS incomes, sum(expenses) AS expenses, sum(net) AS net,
       sum(net) FILTER (WHERE nature = ANY ($3::text[])) AS in_transit,
       sum(net) FILTER (WHERE nature <> ALL ($3::text[])) AS own,
       json_agg(json_build_object('nature', nature, 'incomes', incomes::text, 'expenses', expenses::text, 'net', net::text)
         ORDER BY array_position($4::text[], nature::text)) AS natures
     FROM natures WHERE natures.currency = p.currency
   ) n ORDER BY p.currency`,
);

@QueryHandler(SummarizePaymentsQuery)
export class SummarizePaymentsHandler implements IQueryHandler<SummarizePaymentsQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  /** @throws DomainError `deal_not_found`, `policy_not_found`. */
  async execute({ caller, dealId, policyId, action }: SummarizePaymentsQuery): Promise<readonly CurrencySummary[]> {
    await this.queries.execute(new DealInScopeQuery(caller, dealId, false, action));
    await requirePolicyOfDeal(this.queries, caller, { dealId, policyId });
    return this.database.query<CurrencySummary>(SUMS, [dealId, policyId, [...IN_TRANSIT], NATURES]);
  }
}
