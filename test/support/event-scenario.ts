import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { Clock } from '#platform/kernel';
import {
  type Answer,
  startTestApplication,
  type TestApplication,
  testEnvironment,
  type TestUser,
  until,
} from '#platform/testing';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import type { Crm, LoggedRow } from './crm.js';
import { addLine, addPayment, pathOf } from './money.js';
import { activePolicy, addPolicy, addQuote, moveQuote } from './sale.js';

/** A row of the log with its position. */
export type ScenarioRow = LoggedRow & { readonly position: string };

const DOCUMENTS = ['b0000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000003'] as const;

/**
 * Publishes every type of event, step by step, so that each run publishes the same events: the examples of the
 * event catalogue are recorded from it. A new type of event needs a step here.
 */
export async function runEventScenario(crm: Crm): Promise<readonly ScenarioRow[]> {
  const worker = await startWorker(crm);
  try {
    await runSteps(crm);
    return await inOrder(crm);
  } finally {
    await worker.close();
  }
}

async function runSteps(crm: Crm): Promise<void> {
  const [seller, lead] = [crm.user('seller'), crm.user('lead')];
  await clients(crm, lead);
  const deal = await deals(crm, seller, lead);
  await quotes(seller, deal);
  await policiesOfDeal(seller, deal);
  await payments(seller, deal);
  await policiesAlone(lead, await crm.client(lead));
  await reviews(crm, seller);
  await imports(crm);
  await reminders(crm, seller, lead);
}

function startWorker({ database, clock }: Crm): Promise<TestApplication> {
  const module = WorkerModule.forRoot(testEnvironment({ databaseUrl: database.url }));
  return startTestApplication(module, [{ provide: Clock, useValue: clock }]);
}

async function clients(crm: Crm, lead: TestUser): Promise<void> {
  const client = await crm.client(lead);
  await answered(200, lead.patch(`/clients/${client.id}`, { status: 'prospect', email: 'maria@example.com' }));
  await documents(lead, `/clients/${client.id}`);
  const into = await crm.client(lead);
  await answered(200, lead.post(`/clients/${client.id}/merge`, { into_id: into.id }));
  await answered(204, lead.delete(`/clients/${into.id}`));
}

async function deals(crm: Crm, seller: TestUser, lead: TestUser): Promise<DealView> {
  const deleted = await crm.deal(seller);
  await answered(204, seller.delete(`/deals/${deleted.id}`));
  const deal = await crm.deal(seller, { title: 'КАСКО, Toyota Camry 2024' });
  await answered(200, seller.patch(`/deals/${deal.id}`, { next_review_at: '2026-03-20' }));
  await answered(200, seller.patch(`/deals/${deal.id}/stage`, { stage: 'negotiation' }));
  await answered(200, lead.patch(`/deals/${deal.id}/assignment`, { executor_id: crm.user('executor').id }));
  await answered(201, seller.post(`/deals/${deal.id}/journal`, { body: 'Клиент просит франшизу' }));
  await documents(seller, `/deals/${deal.id}`);
  return deal;
}

async function quotes(seller: TestUser, deal: DealView): Promise<void> {
  const quote = await addQuote(seller, deal);
  await answered(200, seller.patch(`/deals/${deal.id}/quotes/${quote.id}`, { premium_amount: '84000.00' }));
  await moveQuote(seller, quote, ['ready', 'confirmed', 'archived']);
  const other = await addQuote(seller, deal);
  await answered(204, seller.delete(`/deals/${deal.id}/quotes/${other.id}`));
}

async function policiesOfDeal(seller: TestUser, deal: DealView): Promise<void> {
  await policies(seller, { deal_id: deal.id, policy_number: 'XXX 0123456789' });
}

async function payments(seller: TestUser, deal: DealView): Promise<void> {
  const payment = await addPayment(seller, deal, { comment: 'Первый взнос', planned_date: '2026-05-01' });
  for (const lines of ['incomes', 'expenses'] as const) {
    const line = await addLine(seller, payment, lines);
    const path = `${pathOf(payment)}/${lines}/${line.id}`;
    await answered(200, seller.patch(path, { amount: '380.00' }));
    await answered(204, seller.delete(path));
  }
  await answered(204, seller.delete(pathOf(payment)));
}

async function policiesAlone(lead: TestUser, client: ClientView): Promise<void> {
  const policy = await policies(lead, { client_id: client.id, policy_number: 'XXX 9876543210' });
  await documents(lead, `/policies/${policy}`);
}

/** @returns the id of the activated policy. */
async function policies(by: TestUser, facts: object): Promise<string> {
  const draft = await addPolicy(by, facts);
  await answered(204, by.delete(`/policies/${draft.id}`));
  const { id } = await activePolicy(by, facts);
  await answered(200, by.post(`/policies/${id}/close`, { reason: 'cancelled' }));
  return id;
}

async function documents(by: TestUser, owner: string): Promise<void> {
  const [document_id] = DOCUMENTS;
  await answered(201, by.post(`${owner}/documents`, { document_id, title: 'Полис КАСКО, скан' }));
  await answered(204, by.delete(`${owner}/documents/${document_id}`));
  await answered(201, by.post(`${owner}/documents`, { document_id: DOCUMENTS[1] }));
}

/** Published by the worker. */
async function reviews(crm: Crm, seller: TestUser): Promise<void> {
  const { id } = await crm.deal(seller, { title: 'ОСАГО', next_review_at: '2026-03-01' });
  await until(async () => (await crm.events(`deals/${id}`)).some(({ type }) => type === 'deal.review_due'));
}

/** Published by the worker. */
async function imports(crm: Crm): Promise<void> {
  const file = 'name,kind\r\nСмирнов Олег,person\r\n';
  const { body } = await crm
    .user('admin')
    .post<{ id: string }>('/imports/clients', file, { 'content-type': 'text/csv' });
  await until(async () => (await crm.events(`imports/${body.id}`)).some(({ data }) => data.state === 'done'));
}

/** Published at once, because they are due today: the fixed clock is at 2026-03-02. */
async function reminders(crm: Crm, seller: TestUser, lead: TestUser): Promise<void> {
  const deal = await crm.deal(seller, { title: 'Ипотека' });
  const published = async (stream: string, type: string): Promise<void> => {
    await until(async () => (await crm.events(stream)).some((event) => event.type === type));
  };
  for (const [type, planned_date] of [
    ['due', '2026-03-02'],
    ['overdue', '2026-03-01'],
    ['escalated', '2026-02-28'],
  ]) {
    await addPayment(seller, deal, { planned_date });
    await published(`deals/${deal.id}`, `deal.payment.${type}`);
  }
  const client = await crm.client(lead);
  for (const [type, effective_to] of [
    ['renewal_due', '2026-04-01'],
    ['expired', '2026-03-02'],
  ]) {
    const facts = { effective_from: '2025-04-02', effective_to };
    await activePolicy(lead, { ...facts, deal_id: deal.id, policy_number: `XXX 01 ${type}` });
    await published(`deals/${deal.id}`, `deal.policy.${type}`);
    const { id } = await activePolicy(lead, { ...facts, client_id: client.id, policy_number: `XXX 02 ${type}` });
    await published(`policies/${id}`, `policy.${type}`);
  }
  await addQuote(seller, deal, { validity_period: { start: '2026-02-01', end: '2026-03-01' } });
  await published(`deals/${deal.id}`, 'deal.quote.expired');
}

/** The log in order, once every event has its position. */
function inOrder({ database }: Crm): Promise<readonly ScenarioRow[]> {
  return until(async () => {
    const rows = await database.rows<ScenarioRow>(
      `SELECT position, id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id,
         audience, data FROM crm.event_log ORDER BY position`,
    );
    return rows.every(({ position }) => position !== null) ? rows : undefined;
  });
}

async function answered(status: number, answer: Promise<Answer<unknown>>): Promise<void> {
  const { body, ...given } = await answer;
  const refusal = given.status === status ? undefined : body;
  expect({ status: given.status, refusal }).toEqual({ status, refusal: undefined });
}
