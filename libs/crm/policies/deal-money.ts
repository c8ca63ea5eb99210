import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { PlannedCurrenciesQuery } from '#crm/payments/contracts';
import { QuotedCurrenciesQuery } from '#crm/quotes/contracts';
import { Database, statement } from '#platform/persistence';
import type { PolicyFacts } from './policy.entity.js';

const OF_POLICIES = statement(
  `SELECT DISTINCT currency FROM crm.policies
   WHERE deal_id = $1::uuid AND currency IS NOT NULL AND NOT is_deleted`,
);

/** Completes a premium that has no currency, when all money of its deal is in one. */
@Injectable()
export class DealMoney {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  /** The facts, with the currency of the deal when they have a premium, no currency, and the deal has exactly one. */
  async withCurrency<F extends Partial<PolicyFacts>>(facts: F, dealId: string | null): Promise<F> {
    const lacksCurrency = typeof facts.premium === 'string' && facts.currency === undefined;
    if (!lacksCurrency || dealId === null) return facts;
    const currencies = await this.currenciesOf(dealId);
    return currencies.size === 1 ? { ...facts, currency: [...currencies][0] } : facts;
  }

  private async currenciesOf(dealId: string): Promise<ReadonlySet<string>> {
    const policies = await this.database.query<{ currency: string }>(OF_POLICIES, [dealId]);
    const planned = await this.queries.execute(new PlannedCurrenciesQuery(dealId));
    const quoted = await this.queries.execute(new QuotedCurrenciesQuery(dealId));
    return new Set([...policies.map(({ currency }) => currency), ...planned, ...quoted]);
  }
}
