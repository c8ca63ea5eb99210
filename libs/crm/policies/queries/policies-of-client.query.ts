import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { PoliciesOfClientQuery } from '../contracts.js';

const OF_CLIENT = 'SELECT id FROM crm.policies WHERE client_id = $1::uuid AND NOT is_deleted ORDER BY id';
const READ = statement(OF_CLIENT);
const HOLD = statement(`${OF_CLIENT} FOR NO KEY UPDATE`);

@QueryHandler(PoliciesOfClientQuery)
export class PoliciesOfClientHandler implements IQueryHandler<PoliciesOfClientQuery> {
  constructor(private readonly database: Database) {}

  async execute({ clientId, isHeld }: PoliciesOfClientQuery): Promise<readonly string[]> {
    const rows = await this.database.query<{ id: string }>(isHeld ? HOLD : READ, [clientId]);
    return rows.map(({ id }) => id);
  }
}
