import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import { PolicyInScopeQuery, type PolicyView } from '../contracts.js';
import { addPolicyScope } from '../policy.scope.js';
import { policyNotFound } from '../policy.errors.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './policy-row.js';

/** Reads one policy visible to the caller. */
export class GetPolicyQuery extends Query<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    /** `rpc`: as another service reads it, regardless of its user. */
    readonly action: 'read' | 'rpc' = 'read',
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
  async execute({ caller, policyId, action }: GetPolicyQuery): Promise<PolicyView> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const scope = requireAccess(caller, 'policies', action);
    return policyView(await findPolicy(this.database, scope, policyId, ''), today);
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
  async execute({ caller, policyId, isLocked }: PolicyInScopeQuery): Promise<PolicyView> {
    const scope = requireAccess(caller, 'policies', 'read');
    const row = await findPolicy(this.database, scope, policyId, isLocked ? ' FOR SHARE OF p' : '');
    return policyView(row, businessDay(this.clock.now(), this.settings.timeZone));
  }
}

async function findPolicy(database: Database, scope: Scope, id: string, lock: string): Promise<PolicyRow> {
  const where = new SqlConditions('NOT p.is_deleted');
  where.add((p) => `p.id = ${p}::uuid`, id);
  addPolicyScope(where, scope);
  const row = await database.first<PolicyRow>(
    statement(`SELECT ${POLICY_COLUMNS} FROM crm.policies p WHERE ${where.sql}${lock}`),
    where.values,
  );
  if (!row) throw policyNotFound();
  return row;
}
