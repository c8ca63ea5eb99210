import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { survivorOf } from '#crm/clients/contracts';
import { requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import {
  addDays,
  businessDay,
  type CalendarDate,
  type Caller,
  Clock,
  type ListOrder,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import { Database, plannedEachTime, SqlConditions, statement } from '#platform/persistence';
import type { PolicyStatus, PolicyView } from '../contracts.js';
import { RENEWAL_DAYS } from '../policy.entity.js';
import { addPolicyReach, HAS_SUCCESSOR } from '../policy-scope.js';
import { insurerKey, numberKey } from '../policy-number.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './policy-row.js';

/** The newest policy first. */
export const POLICIES_BY_CREATION: ListOrder = { name: 'policies', key: ['timestamptz', 'uuid'] };

/** Which policies are meant; what is absent doesn't narrow. */
export interface PolicyFilter {
  readonly dealId?: string;
  readonly clientId?: string;
  readonly status?: PolicyStatus;
  readonly insuranceCompany?: string;
  /** However written: spaces, dashes, case and look-alike letters don't matter. */
  readonly number?: string;
  readonly endsBefore?: CalendarDate;
  readonly renewalDue?: boolean;
}

/** Policies in the caller's scope, the newest first. */
export class ListPoliciesQuery extends Query<Page<PolicyView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: PolicyFilter,
    /** `after` holds creation and id of the last policy seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListPoliciesQuery)
export class ListPoliciesHandler implements IQueryHandler<ListPoliciesQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter, page }: ListPoliciesQuery): Promise<Page<PolicyView>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const scope = requireAccess(caller, 'policies', 'read');
    const conditions = policyConditions(filter, scope, today);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(p.created_at, p.id)', POLICIES_BY_CREATION.key, page.after, 'desc');
    const planned = scope.all ? statement : plannedEachTime;
    const rows = await this.database.query<PolicyRow>(
      planned(
        `SELECT ${POLICY_COLUMNS} FROM crm.policies p WHERE ${conditions.sql}
         ORDER BY p.created_at DESC, p.id DESC LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit).map((row) => policyView(row, today));
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.created_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.policies p WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}

/** The filter and the scope as conditions, the same for lists and files. */
export function policyConditions(filter: PolicyFilter, scope: Scope, today: CalendarDate): SqlConditions {
  const conditions = new SqlConditions('NOT p.is_deleted');
  addPolicyReach(conditions, scope);
  addFilter(conditions, filter, today);
  return conditions;
}

function addFilter(conditions: SqlConditions, filter: PolicyFilter, today: CalendarDate): void {
  const { dealId, clientId, status, insuranceCompany, number, endsBefore, renewalDue } = filter;
  if (dealId) conditions.add((p) => `p.deal_id = ${p}::uuid`, dealId);
  if (clientId) conditions.add((p) => `p.client_id = ${survivorOf(p)}`, clientId);
  if (status) conditions.add((p) => `p.status = ${p}::text`, status);
  if (insuranceCompany) conditions.add((p) => `p.insurer_key = ${p}::text`, insurerKey(insuranceCompany));
  if (number) conditions.add((p) => `p.number_key = ${p}::text`, numberKey(number));
  if (endsBefore) conditions.add((p) => `p.effective_to < ${p}::date`, endsBefore);
  if (renewalDue !== undefined) {
    const due = (p: string): string => `p.status = 'active' AND p.effective_to <= ${p}::date AND NOT ${HAS_SUCCESSOR}`;
    // Not `IS TRUE` of the whole: what is due is found by its own index.
    conditions.add((p) => (renewalDue ? due(p) : `(${due(p)}) IS NOT TRUE`), addDays(today, RENEWAL_DAYS));
  }
}
