import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { PlannedCurrenciesQuery } from '../contracts.js';

const CURRENCIES = statement('SELECT DISTINCT currency FROM crm.payments WHERE deal_id = $1::uuid AND NOT is_deleted');

@QueryHandler(PlannedCurrenciesQuery)
export class PlannedCurrenciesHandler implements IQueryHandler<PlannedCurrenciesQuery> {
  constructor(private readonly database: Database) {}

  async execute({ dealId }: PlannedCurrenciesQuery): Promise<readonly string[]> {
    const rows = await this.database.query<{ currency: string }>(CURRENCIES, [dealId]);
    return rows.map(({ currency }) => currency);
  }
}
