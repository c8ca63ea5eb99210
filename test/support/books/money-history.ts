import type { PaymentLineView, PaymentStatus, PaymentView } from '#crm/payments/contracts';
import type { Crm, LoggedRow } from '../crm.js';

type Kind = 'income' | 'expense';
/** Amounts in hundredths of a payment's lines that are not deleted, by line id. */
type Lines = Readonly<Record<Kind, Map<string, bigint>>>;

/** A payment rebuilt from the log. */
interface LoggedPayment {
  readonly payment: PaymentView;
  readonly lines: Lines;
}

const MOVES_ALWAYS = ['version', 'updated_at', 'updated_by_id'];

/** Converts an amount to hundredths. */
export function hundredths(amount: string): bigint {
  expect(amount).toMatch(/^-?\d+\.\d\d$/);
  return BigInt(amount.replace('.', ''));
}

/**
 * Compares everything stored of a deal's money: the log has no gap, the event of each changed line is followed directly
 * by one of its payment with the new totals, and replayed events equal the rows of payments and lines.
 * @returns the number of changes of lines.
 */
export async function expectTrueMoney(crm: Crm, dealId: string): Promise<number> {
  const events = await crm.events(`deals/${dealId}`);
  const payments = replay(events);
  const rows = await crm.database.rows<{ payment: PaymentView; incomes: LineRows; expenses: LineRows }>(
    `SELECT crm.payment_json(p) AS payment,
       (SELECT json_object_agg(id, amount::text) FROM crm.payment_incomes WHERE payment_id = p.id AND NOT is_deleted) AS incomes,
       (SELECT json_object_agg(id, amount::text) FROM crm.payment_expenses WHERE payment_id = p.id AND NOT is_deleted) AS expenses
     FROM crm.payments p WHERE p.deal_id = $1 ORDER BY p.policy_id, p.sequence`,
    [dealId],
  );
  expect(rows).toHaveLength(payments.size);
  for (const { payment, incomes, expenses } of rows) {
    const known = payments.get(payment.id)!;
    expect(payment).toEqual(known.payment);
    expect(livingOf(incomes)).toEqual(known.lines.income);
    expect(livingOf(expenses)).toEqual(known.lines.expense);
  }
  expectSequences(rows.map(({ payment }) => payment));
  const entries = await crm.journal(dealId);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  expect(new Set(events.map(({ journal_seq }) => journal_seq)).size).toBe(entries.length);
  const verified = await crm.user('admin').get<{ valid: boolean }>(`/deals/${dealId}/journal/verify`);
  expect(verified.body).toMatchObject({ valid: true, entries: entries.length });
  return events.filter(({ type }) => kindOf(type) !== undefined).length;
}

type LineRows = Readonly<Record<string, string>> | null;

function livingOf(rows: LineRows): Map<string, bigint> {
  return new Map(Object.entries(rows ?? {}).map(([id, amount]) => [id, hundredths(amount)]));
}

/** Sequence numbers are 1, 2, 3 … per policy, deleted payments included. */
function expectSequences(payments: readonly PaymentView[]): void {
  const last = new Map<string | null, number>();
  for (const { policy_id, sequence } of payments) {
    expect(sequence).toBe((last.get(policy_id) ?? 0) + 1);
    last.set(policy_id, sequence);
  }
}

function replay(events: readonly LoggedRow[]): Map<string, LoggedPayment> {
  expect(events.map(({ stream_version }) => stream_version)).toEqual(events.map((_, index) => index + 1));
  const payments = new Map<string, LoggedPayment>();
  for (const [index, event] of events.entries()) {
    const id = event.data.payment_id as string | undefined;
    if (!id) continue;
    if (kindOf(event.type)) {
      followLine(payments.get(id)!.lines, event);
      const next = events[index + 1]!;
      expect([next.type, next.data.payment_id, next.journal_seq]).toEqual([
        'deal.payment.updated',
        id,
        event.journal_seq,
      ]);
    } else payments.set(id, followPayment(payments.get(id), event));
  }
  return payments;
}

function kindOf(type: string): Kind | undefined {
  return /^deal\.payment\.(income|expense)\./.exec(type)?.[1] as Kind | undefined;
}

function followLine(lines: Lines, { type, data }: LoggedRow): void {
  const kind = kindOf(type)!;
  const line = data[kind] as PaymentLineView;
  expect(data[`${kind}_id`]).toBe(line.id);
  const known = lines[kind];
  expect(known.has(line.id)).toBe(!type.endsWith('.created'));
  if (type.endsWith('.deleted')) known.delete(line.id);
  else known.set(line.id, hundredths(line.amount));
}

function followPayment(before: LoggedPayment | undefined, { type, data }: LoggedRow): LoggedPayment {
  const payment = data.payment as PaymentView;
  const lines = before?.lines ?? { income: new Map<string, bigint>(), expense: new Map<string, bigint>() };
  expect(payment.version).toBe((before?.payment.version ?? 0) + 1);
  expect(type === 'deal.payment.created').toBe(before === undefined);
  expect(payment.is_deleted).toBe(type === 'deal.payment.deleted');
  const [incomes, expenses] = [sum(lines.income), sum(lines.expense)];
  expect({
    incomes: hundredths(payment.incomes_total),
    expenses: hundredths(payment.expenses_total),
    net: hundredths(payment.net_total),
    status: payment.status,
  }).toEqual({ incomes, expenses, net: incomes - expenses, status: statusOf(payment, incomes) });
  if (before?.payment.status === 'cancelled') expect(payment.status).toBe('cancelled');
  if (before && type === 'deal.payment.updated') expectDifference(before.payment, payment, data);
  return { payment, lines };
}

/** A cancelled payment stays cancelled; every other status follows from the incomes. */
function statusOf(payment: PaymentView, incomes: bigint): PaymentStatus {
  if (payment.status === 'cancelled') return 'cancelled';
  if (incomes === 0n) return 'scheduled';
  return incomes < hundredths(payment.planned_amount) ? 'partially_paid' : 'paid';
}

function expectDifference(before: PaymentView, after: PaymentView, { previous, changed }: LoggedRow['data']): void {
  const differing = Object.entries(before).filter(
    ([field, value]) => !MOVES_ALWAYS.includes(field) && after[field as keyof PaymentView] !== value,
  );
  expect(previous).toEqual(Object.fromEntries(differing));
  expect([...(changed as string[])].sort()).toEqual(differing.map(([field]) => field).sort());
}

function sum(lines: ReadonlyMap<string, bigint>): bigint {
  return [...lines.values()].reduce((total, amount) => total + amount, 0n);
}
