import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import type { Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import { paymentNotFound } from '../payment.errors.js';
import type { PaymentPath } from '../payment-path.js';
import { type Include, type PaymentRow, paymentSelection, paymentView } from './payment-row.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';

/** Reads one payment of a deal visible to the caller. */
export class GetPaymentQuery extends Query<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly includes: ReadonlySet<Include>,
  ) {
    super();
  }
}

@QueryHandler(GetPaymentQuery)
export class GetPaymentHandler implements IQueryHandler<GetPaymentQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  /** @throws DomainError `deal_not_found`, `policy_not_found`, `payment_not_found`. */
  async execute({ caller, path, paymentId, includes }: GetPaymentQuery): Promise<PaymentView> {
    await this.queries.execute(new DealInScopeQuery(caller, path.dealId));
    await requirePolicyOfDeal(this.queries, caller, path);
    const row = await this.database.first<PaymentRow>(
      statement(
        `SELECT ${paymentSelection(includes)} FROM crm.payments p
         WHERE p.id = $1::uuid AND p.deal_id = $2::uuid AND NOT p.is_deleted
           AND ($3::uuid IS NULL OR p.policy_id = $3::uuid)`,
      ),
      [paymentId, path.dealId, path.policyId],
    );
    if (!row) throw paymentNotFound();
    return paymentView(row);
  }
}
