import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { access, inScope } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';

/** Access of a user to a deal. */
export interface DealAccess {
  readonly deal_id: string;
  /** False also for a missing deal, so that its existence is not disclosed. */
  readonly can_read: boolean;
  readonly can_edit: boolean;
}

/** Asks what a user may do with a deal and its parts. */
export class DealAccessQuery extends Query<DealAccess> {
  constructor(
    /** The user whose access is queried; may differ from the caller. */
    readonly user: Caller,
    readonly dealId: string,
  ) {
    super();
  }
}

const PARTIES = statement(`
  SELECT owner_id AS "ownerId", executor_id AS "executorId" FROM crm.deals WHERE id = $1::uuid AND NOT is_deleted`);

@QueryHandler(DealAccessQuery)
export class DealAccessHandler implements IQueryHandler<DealAccessQuery> {
  constructor(private readonly database: Database) {}

  async execute({ user, dealId }: DealAccessQuery): Promise<DealAccess> {
    const parties = await this.database.first<{ ownerId: string | null; executorId: string | null }>(PARTIES, [dealId]);
    const may = (action: 'read' | 'edit'): boolean => {
      const scope = access(user, 'deals', action);
      return parties !== undefined && scope !== null && inScope(scope, parties);
    };
    return { deal_id: dealId, can_read: may('read'), can_edit: may('edit') };
  }
}
