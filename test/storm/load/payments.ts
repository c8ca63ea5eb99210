import type { Body } from './api-client.js';
import { eventKeyOf, eventKeyOfId } from './event-keys.js';
import { dayFromToday, FAR_DAY } from './sale.js';
import type { Writer } from './writer.js';

const ONE_LINE = { incomes: 'income', expenses: 'expense' } as const;
type Lines = keyof typeof ONE_LINE;

const paymentEventKeys = (body: Body): string[] => [eventKeyOf('payment', body)];

function pathOf({ deal_id: dealId, id }: Body): string {
  return `/deals/${String(dealId)}/payments/${String(id)}`;
}

export async function addPayment(writer: Writer, deal: Body, plannedOn = FAR_DAY): Promise<Body | undefined> {
  const comment = writer.ledger.nextRowTag();
  return writer.write('payment.create', {
    method: 'POST',
    path: `/deals/${String(deal.id)}/payments`,
    body: { planned_date: plannedOn, planned_amount: '100000.00', currency: 'RUB', comment },
    rowTags: [comment],
    eventKeys: paymentEventKeys,
  });
}

/** Plans three instalments. */
export async function schedulePayments(writer: Writer, deal: Body): Promise<void> {
  await writer.write('payment.schedule', {
    method: 'POST',
    path: `/deals/${String(deal.id)}/payments/schedule`,
    body: { amount: '100.00', currency: 'RUB', instalments: 3, first_date: FAR_DAY, every: 'month' },
    eventKeys: ({ items }) => (items as Body[]).map(({ id }) => eventKeyOfId('created', 'payment', id)),
  });
}

/** Adds a line; some are changed, some deleted afterwards. */
export async function addLine(writer: Writer, payment: Body, lines: Lines): Promise<void> {
  const [note, kind] = [writer.ledger.nextRowTag(), ONE_LINE[lines]];
  const eventKeys = (body: Body): string[] => [eventKeyOf(kind, body)];
  const amount = `${writer.random.whole(1, 99)}.${writer.random.whole(10, 99)}`;
  const line = await writer.write(`${kind}.add`, {
    method: 'POST',
    path: `${pathOf(payment)}/${lines}`,
    body: { amount, category: 'premium', posted_at: dayFromToday(-2), note },
    rowTags: [note],
    eventKeys,
  });
  if (!line || !writer.random.chance(0.4)) return;
  const path = `${pathOf(payment)}/${lines}/${String(line.id)}`;
  const changed = { amount: `1${amount}` };
  await writer.write(`${kind}.update`, { method: 'PATCH', path, body: changed, ifMatch: line.version, eventKeys });
  if (!writer.random.chance(0.5)) return;
  const deleted = [eventKeyOfId('deleted', kind, line.id)];
  await writer.write(`${kind}.delete`, { method: 'DELETE', path, eventKeys: () => deleted });
}

/** Plans a payment that was due yesterday and confirms it. */
export async function confirmPayment(writer: Writer, deal: Body): Promise<void> {
  const payment = await addPayment(writer, deal, dayFromToday(-2));
  if (!payment) return;
  const path = `${pathOf(payment)}/confirm`;
  await writer.write('payment.confirm', { as: 'finance', method: 'POST', path, body: {}, eventKeys: paymentEventKeys });
}

/** Plans a payment and cancels or deletes it. */
export async function withdrawPayment(writer: Writer, deal: Body): Promise<void> {
  const payment = await addPayment(writer, deal);
  if (!payment) return;
  const path = pathOf(payment);
  const changed = { planned_amount: '99.00' };
  await writer.write('payment.update', { method: 'PATCH', path, body: changed, eventKeys: paymentEventKeys });
  if (writer.random.chance(0.5)) {
    await writer.write('payment.cancel', {
      as: 'finance',
      method: 'POST',
      path: `${path}/cancel`,
      eventKeys: paymentEventKeys,
    });
    return;
  }
  const deleted = [eventKeyOfId('deleted', 'payment', payment.id)];
  await writer.write('payment.delete', { method: 'DELETE', path, eventKeys: () => deleted });
}
