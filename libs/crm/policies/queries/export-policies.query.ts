import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { ListReader } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { type PolicyFilter, policyItems } from './list-policies.query.js';

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
    private readonly lists: ListReader,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  execute({ caller, filter }: ExportPoliciesQuery): Promise<AsyncIterable<readonly PolicyView[]>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const policies = policyItems(filter, requireAccess(caller, 'policies', 'read'), today);
    return Promise.resolve(this.lists.batches(policies, 'p.id'));
  }
}
