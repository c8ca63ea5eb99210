import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { QuotedCurrenciesQuery } from '../contracts.js';

const CURRENCIES = statement(
  `SELECT DISTINCT currency FROM crm.quotes
   WHERE deal_id = $1::uuid AND status <> 'archived' AND NOT is_deleted`,
);

@QueryHandler(QuotedCurrenciesQuery)
export class QuotedCurrenciesHandler implements IQueryHandler<QuotedCurrenciesQuery> {
  constructor(private readonly database: Database) {}

  async execute({ dealId }: QuotedCurrenciesQuery): Promise<readonly string[]> {
    const rows = await this.database.query<{ currency: string }>(CURRENCIES, [dealId]);
    return rows.map(({ currency }) => currency);
  }
}
