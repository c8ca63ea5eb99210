import type { Body } from './api-client.js';
import { eventKeyOf, eventKeyOfId } from './event-keys.js';
import { addLine, addPayment, confirmPayment, schedulePayments, withdrawPayment } from './payments.js';
import {
  addClient,
  assignDeal,
  dayFromToday,
  insure,
  linkDocument,
  moveDeal,
  openDeal,
  quoteDeal,
  reviseDeal,
  writeNote,
} from './sale.js';
import type { Writer } from './writer.js';

/** Rows that all writers of a storm change. */
export interface Hot {
  readonly deals: readonly Body[];
  readonly payments: readonly Body[];
}

/** Rows with a date that has passed, which nothing changes after it was acknowledged. */
export interface Due {
  readonly deals: string[];
  readonly payments: string[];
}

const RACERS = 4;
const STAGES = ['qualification', 'negotiation', 'proposal'];

/** A whole sale on a new client. */
export async function sell(writer: Writer): Promise<void> {
  const client = await addClient(writer);
  const deal = client && (await openDeal(writer, client.id));
  if (!deal) return;
  await writeNote(writer, deal);
  await moveDeal(writer, deal, 'negotiation');
  await assignDeal(writer, deal);
  if (writer.random.chance(0.5)) await quoteDeal(writer, deal);
  if (writer.random.chance(0.5)) await insure(writer, deal);
  await linkDocument(writer, 'deals', deal, writer.random.chance(0.5));
  const payment = await addPayment(writer, deal);
  if (payment) {
    await addLine(writer, payment, 'incomes');
    await addLine(writer, payment, 'expenses');
  }
  if (writer.random.chance(0.3)) await confirmPayment(writer, deal);
  if (writer.random.chance(0.3)) await withdrawPayment(writer, deal);
  if (writer.random.chance(0.2)) await schedulePayments(writer, deal);
  await reviseDeal(writer, deal);
  await moveDeal(writer, deal, writer.random.pick(['closedWon', 'closedLost']));
}

/** Clients that are changed, merged and deleted. */
export async function changeClients(writer: Writer): Promise<void> {
  const [client, survivor] = [await addClient(writer), await addClient(writer)];
  if (!client || !survivor) return;
  const eventKeys = (body: Body): string[] => [eventKeyOf('client', body)];
  const path = `/clients/${String(client.id)}`;
  const prospect = { status: 'prospect' };
  await writer.write('client.update', { method: 'PATCH', path, body: prospect, ifMatch: client.version, eventKeys });
  await openDeal(writer, client.id);
  await linkDocument(writer, 'clients', client, false);
  await writer.write('client.merge', {
    method: 'POST',
    path: `${path}/merge`,
    body: { into_id: survivor.id },
    eventKeys: ({ client: merged }) => eventKeys(merged as Body),
  });
  const third = await addClient(writer);
  if (!third) return;
  const deleted = [eventKeyOfId('deleted', 'client', third.id)];
  await writer.write('client.delete', {
    method: 'DELETE',
    path: `/clients/${String(third.id)}`,
    eventKeys: () => deleted,
  });
}

/** A deal that is deleted again. */
export async function deleteDeal(writer: Writer, hot: Hot): Promise<void> {
  const deal = await openDeal(writer, writer.random.pick(hot.deals).client_id);
  if (!deal) return;
  const deleted = [eventKeyOfId('deleted', 'deal', deal.id)];
  await writer.write('deal.delete', { method: 'DELETE', path: `/deals/${String(deal.id)}`, eventKeys: () => deleted });
}

/** Rows whose reminders are due at once. */
export async function becomeDue(writer: Writer, hot: Hot, due: Due): Promise<void> {
  const deal = await openDeal(writer, writer.random.pick(hot.deals).client_id, dayFromToday(-2));
  if (deal) due.deals.push(String(deal.id));
  const owner = await openDeal(writer, writer.random.pick(hot.deals).client_id);
  const payment = owner && (await addPayment(writer, owner, dayFromToday(-2)));
  if (payment) due.payments.push(String(payment.id));
}

/** Changes that compete for the same streams and rows. */
export async function changeHotRows(writer: Writer, hot: Hot): Promise<void> {
  const deal = writer.random.pick(hot.deals);
  await writeNote(writer, deal);
  await addLine(writer, writer.random.pick(hot.payments), writer.random.pick(['incomes', 'expenses'] as const));
  await reviseDeal(writer, deal);
  await moveDeal(writer, writer.random.pick(hot.deals), writer.random.pick(STAGES));
}

/** Requests with the same `If-Match` at once: at most one may win. */
export async function race(writer: Writer, hot: Hot): Promise<void> {
  const read = await writer.read(`/deals/${String(writer.random.pick(hot.deals).id)}`);
  if (!read) return;
  writer.ledger.races += 1;
  const racers = Array.from({ length: RACERS }, () => reviseDeal(writer, read, read.version));
  const winners = (await Promise.all(racers)).filter((body) => body !== undefined);
  if (winners.length > 1) writer.ledger.lostRaces.push(`deal ${String(read.id)} version ${String(read.version)}`);
}
