import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { type DealParticipants, DealParticipantsQuery } from '../contracts.js';

const PARTICIPANTS = statement(
  `SELECT count(DISTINCT d.id)::int AS "dealCount",
     coalesce(array_agg(DISTINCT person) FILTER (WHERE person IS NOT NULL), '{}') AS "userIds"
   FROM crm.deals d, unnest(ARRAY[d.owner_id, d.executor_id]) AS person
   WHERE d.client_id = $1::uuid AND NOT d.is_deleted`,
);

@QueryHandler(DealParticipantsQuery)
export class DealParticipantsHandler implements IQueryHandler<DealParticipantsQuery> {
  constructor(private readonly database: Database) {}

  async execute({ clientId }: DealParticipantsQuery): Promise<DealParticipants> {
    const row = await this.database.first<DealParticipants>(PARTICIPANTS, [clientId]);
    return row ?? { userIds: [], dealCount: 0 };
  }
}
