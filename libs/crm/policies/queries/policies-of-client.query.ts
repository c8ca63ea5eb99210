import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { PoliciesOfClientQuery, type PolicyParties } from '../contracts.js';

const OF_CLIENT = `SELECT p.id, CASE WHEN p.deal_id IS NULL THEN p.owner_id ELSE d.owner_id END AS "ownerId",
    d.executor_id AS "executorId"
  FROM crm.policies p LEFT JOIN crm.deals d ON d.id = p.deal_id
  WHERE p.client_id = $1::uuid AND NOT p.is_deleted ORDER BY p.id`;
const READ = statement(OF_CLIENT);
const LOCK = statement(`${OF_CLIENT} FOR NO KEY UPDATE OF p`);

@QueryHandler(PoliciesOfClientQuery)
export class PoliciesOfClientHandler implements IQueryHandler<PoliciesOfClientQuery> {
  constructor(private readonly database: Database) {}

  execute({ clientId, isLocked }: PoliciesOfClientQuery): Promise<readonly PolicyParties[]> {
    return this.database.query<PolicyParties>(isLocked ? LOCK : READ, [clientId]);
  }
}
