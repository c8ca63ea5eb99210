import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { HasPaymentsQuery } from '../contracts.js';

const OF_DEAL = statement(
  'SELECT EXISTS (SELECT FROM crm.payments WHERE deal_id = $1::uuid AND NOT is_deleted) AS has',
);
const OF_POLICY = statement(
  'SELECT EXISTS (SELECT FROM crm.payments WHERE policy_id = $1::uuid AND NOT is_deleted) AS has',
);

@QueryHandler(HasPaymentsQuery)
export class HasPaymentsHandler implements IQueryHandler<HasPaymentsQuery> {
  constructor(private readonly database: Database) {}

  async execute({ of }: HasPaymentsQuery): Promise<boolean> {
    const row = await this.database.first<{ has: boolean }>(
      ...('dealId' in of ? ([OF_DEAL, [of.dealId]] as const) : ([OF_POLICY, [of.policyId]] as const)),
    );
    return row!.has;
  }
}
