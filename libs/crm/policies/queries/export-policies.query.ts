import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, type Caller, Clock } from '#platform/kernel';
import { Database } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { policyConditions, type PolicyFilter } from './list-policies.query.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './policy-row.js';

/** All policies in the caller's scope that a list with the same filter would show; by id. */
export class ExportPoliciesQuery extends Query<AsyncIterable<readonly PolicyView[]>> {
  constructor(
    readonly caller: Caller,
    readonly filter: PolicyFilter,
  ) {
    super();
  }
}

@QueryHandler(ExportPoliciesQuery)
export class ExportPoliciesHandler implements IQueryHandler<ExportPoliciesQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  execute({ caller, filter }: ExportPoliciesQuery): Promise<AsyncIterable<readonly PolicyView[]>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const conditions = policyConditions(filter, requireAccess(caller, 'policies', 'read'), today);
    const select = `SELECT ${POLICY_COLUMNS} FROM crm.policies p`;
    return Promise.resolve(viewed(this.database.pagesById<PolicyRow>(select, 'p.id', conditions), today));
  }
}

async function* viewed(
  batches: AsyncIterable<readonly PolicyRow[]>,
  today: CalendarDate,
): AsyncGenerator<readonly PolicyView[]> {
  for await (const rows of batches) yield rows.map((row) => policyView(row, today));
}
