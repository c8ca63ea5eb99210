import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { addPolicyScope } from '../policy-scope.js';
import { policyNotFound } from '../policy.errors.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './policy-row.js';

/** One policy, if the caller may see it. */
export class GetPolicyQuery extends Query<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
  ) {
    super();
  }
}

@QueryHandler(GetPolicyQuery)
export class GetPolicyHandler implements IQueryHandler<GetPolicyQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `policy_not_found`. */
  async execute({ caller, policyId }: GetPolicyQuery): Promise<PolicyView> {
    const conditions = new SqlConditions('NOT p.is_deleted');
    conditions.add((placeholder) => `p.id = ${placeholder}::uuid`, policyId);
    addPolicyScope(conditions, requireAccess(caller, 'policies', 'read'));
    const row = await this.database.first<PolicyRow>(
      statement(
        `SELECT ${POLICY_COLUMNS} FROM crm.policies p LEFT JOIN crm.deals d ON d.id = p.deal_id WHERE ${conditions.sql}`,
      ),
      conditions.values,
    );
    if (!row) throw policyNotFound();
    return policyView(row, businessDay(this.clock.now(), this.settings.timeZone));
  }
}
