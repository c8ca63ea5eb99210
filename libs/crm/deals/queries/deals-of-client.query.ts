import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { type DealParties, DealsOfClientQuery } from '../contracts.js';

const OF_CLIENT = `SELECT id, owner_id AS "ownerId", executor_id AS "executorId"
  FROM crm.deals WHERE client_id = $1::uuid AND NOT is_deleted ORDER BY id`;
const READ = statement(OF_CLIENT);
const LOCK = statement(`${OF_CLIENT} FOR NO KEY UPDATE`);

@QueryHandler(DealsOfClientQuery)
export class DealsOfClientHandler implements IQueryHandler<DealsOfClientQuery> {
  constructor(private readonly database: Database) {}

  execute({ clientId, isLocked }: DealsOfClientQuery): Promise<readonly DealParties[]> {
    return this.database.query<DealParties>(isLocked ? LOCK : READ, [clientId]);
  }
}
