import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { PolicyInScopeQuery, type PolicyView } from '../contracts.js';
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
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    return policyView(await findPolicy(this.database, caller, policyId, ''), today);
  }
}

@QueryHandler(PolicyInScopeQuery)
export class PolicyInScopeHandler implements IQueryHandler<PolicyInScopeQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `policy_not_found`. */
  async execute({ caller, policyId, isHeld }: PolicyInScopeQuery): Promise<PolicyView> {
    const row = await findPolicy(this.database, caller, policyId, isHeld ? ' FOR SHARE OF p' : '');
    return policyView(row, businessDay(this.clock.now(), this.settings.timeZone));
  }
}

async function findPolicy(database: Database, caller: Caller, id: string, lock: string): Promise<PolicyRow> {
  const conditions = new SqlConditions('NOT p.is_deleted');
  conditions.add((placeholder) => `p.id = ${placeholder}::uuid`, id);
  addPolicyScope(conditions, requireAccess(caller, 'policies', 'read'));
  const row = await database.first<PolicyRow>(
    statement(
      `SELECT ${POLICY_COLUMNS} FROM crm.policies p LEFT JOIN crm.deals d ON d.id = p.deal_id
       WHERE ${conditions.sql}${lock}`,
    ),
    conditions.values,
  );
  if (!row) throw policyNotFound();
  return row;
}
