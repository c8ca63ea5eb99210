import type { QueryBus } from '@nestjs/cqrs';
import { SurvivingClientQuery } from '#crm/clients/contracts';
import { clientMismatch } from './policy.errors.js';

/** Whether an id means this client: its own, or that of a client merged into it. */
export async function isClient(queries: QueryBus, givenId: string, clientId: string): Promise<boolean> {
  return givenId === clientId || (await queries.execute(new SurvivingClientQuery(givenId))) === clientId;
}

/** @throws DomainError `client_mismatch` when the given id does not mean the deal's client. */
export async function requireClientOfDeal(queries: QueryBus, givenId: string, clientId: string): Promise<void> {
  if (!(await isClient(queries, givenId, clientId))) throw clientMismatch();
}
