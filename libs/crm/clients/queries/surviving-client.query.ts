import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, statement } from '#platform/persistence';
import { SurvivingClientQuery } from '../contracts.js';

const SURVIVOR = statement('SELECT merged_into_id FROM crm.clients WHERE id = $1::uuid');

@QueryHandler(SurvivingClientQuery)
export class SurvivingClientHandler implements IQueryHandler<SurvivingClientQuery> {
  constructor(private readonly database: Database) {}

  async execute({ clientId }: SurvivingClientQuery): Promise<string> {
    const row = await this.database.first<{ merged_into_id: string | null }>(SURVIVOR, [clientId]);
    return row?.merged_into_id ?? clientId;
  }
}
