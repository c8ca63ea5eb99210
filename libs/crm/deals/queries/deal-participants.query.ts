import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { type DealParticipants, DealParticipantsQuery } from '../contracts.js';

const PARTICIPANTS = statement(
  `SELECT count(*)::int AS "dealCount",
     coalesce(array_agg(DISTINCT owner_id) FILTER (WHERE owner_id IS NOT NULL), '{}') AS "ownerIds",
     coalesce(array_agg(DISTINCT executor_id) FILTER (WHERE executor_id IS NOT NULL), '{}') AS "executorIds"
   FROM crm.deals WHERE client_id = $1::uuid AND NOT is_deleted`,
);

@QueryHandler(DealParticipantsQuery)
export class DealParticipantsHandler implements IQueryHandler<DealParticipantsQuery> {
  constructor(private readonly database: Database) {}

  async execute({ clientId }: DealParticipantsQuery): Promise<DealParticipants> {
    const row = await this.database.first<DealParticipants>(PARTICIPANTS, [clientId]);
    return row ?? { ownerIds: [], executorIds: [], dealCount: 0 };
  }
}
