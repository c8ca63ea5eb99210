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
  type DateRange,
  type ListColumns,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import { type ItemSource, ListReader, SqlConditions } from '#platform/persistence';
import { insurerKey, type PolicyStatus, type PolicyView } from '../contracts.js';
import { RENEWAL_DAYS } from '../policy.entity.js';
import { addPolicyScope } from '../policy.scope.js';
import { HAS_SUCCESSOR } from '../policy-succession.js';
import { numberKey } from '../policy-number.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './policy-row.js';

/** Columns of the list; the newest policy first. */
export const POLICY_LIST = {
  name: 'policies',
  sort: '-created_at',
  sorts: {
    created_at: { 'p.created_at': 'timestamptz', 'p.id': 'uuid' },
    updated_at: { 'p.updated_at': 'timestamptz', 'p.id': 'uuid' },
    effective_from: { 'p.effective_from': 'date?', 'p.id': 'uuid' },
    effective_to: { 'p.effective_to': 'date?', 'p.id': 'uuid' },
  },
  ranges: {
    created: { column: 'p.created_at', type: 'timestamptz' },
    updated: { column: 'p.updated_at', type: 'timestamptz' },
    starts: { column: 'p.effective_from', type: 'date?' },
    ends: { column: 'p.effective_to', type: 'date?' },
  },
} as const satisfies ListColumns;

/** Which policies are meant; what is absent doesn't narrow. */
export interface PolicyFilter {
  readonly dealId?: string;
  readonly clientId?: string;
  readonly statuses?: readonly PolicyStatus[];
  readonly insuranceCompany?: string;
  /** However written: spaces, dashes, case and look-alike letters don't matter. */
  readonly number?: string;
  readonly endsBefore?: CalendarDate;
  readonly renewalDue?: boolean;
  readonly ranges?: readonly DateRange[];
}

/** Policies in the caller's scope, in the order of the page. */
export class ListPoliciesQuery extends Query<Page<PolicyView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: PolicyFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListPoliciesQuery)
export class ListPoliciesHandler implements IQueryHandler<ListPoliciesQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter, page }: ListPoliciesQuery): Promise<Page<PolicyView>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const policies = policyItems(filter, requireAccess(caller, 'policies', 'read'), today);
    return this.lists.page(policies, page);
  }
}

/** The policies in the scope that the filter selects, the same for lists and exports. */
export function policyItems(
  filter: PolicyFilter,
  scope: Scope,
  today: CalendarDate,
): ItemSource<PolicyRow, PolicyView> {
  const where = new SqlConditions('NOT p.is_deleted');
  addPolicyScope(where, scope);
  addFilter(where, filter, today);
  return {
    select: POLICY_COLUMNS,
    from: 'crm.policies p',
    where,
    ranges: filter.ranges,
    map: (row) => policyView(row, today),
    mayLag: true,
  };
}

function addFilter(where: SqlConditions, filter: PolicyFilter, today: CalendarDate): void {
  const { dealId, clientId, statuses, insuranceCompany, number, endsBefore, renewalDue } = filter;
  if (dealId) where.add((p) => `p.deal_id = ${p}::uuid`, dealId);
  if (clientId) where.add((p) => `p.client_id = ${survivorOf(p)}`, clientId);
  if (statuses) where.addAnyOf('p.status', statuses);
  if (insuranceCompany) where.add((p) => `p.insurer_key = ${p}::text`, insurerKey(insuranceCompany));
  if (number) where.add((p) => `p.number_key = ${p}::text`, numberKey(number));
  if (endsBefore) where.add((p) => `p.effective_to < ${p}::date`, endsBefore);
  if (renewalDue !== undefined) {
    const due = (p: string): string => `p.status = 'active' AND p.effective_to <= ${p}::date AND NOT ${HAS_SUCCESSOR}`;
    // Not `IS TRUE` of the whole: what is due is found by its own index.
    where.add((p) => (renewalDue ? due(p) : `(${due(p)}) IS NOT TRUE`), addDays(today, RENEWAL_DAYS));
  }
}
