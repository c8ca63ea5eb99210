import type { PaymentLineView, PaymentStatus, PaymentView } from '#crm/payments/contracts';
import type { Crm, LoggedRow } from './crm.js';

type Kind = 'income' | 'expense';
/** Hundredths of the live lines of one payment, by line. */
type Lines = Readonly<Record<Kind, Map<string, bigint>>>;

/** A payment as the log tells it. */
interface LoggedPayment {
  readonly payment: PaymentView;
  readonly lines: Lines;
}

const MOVES_ALWAYS = ['version', 'updated_at', 'updated_by_id'];

/** What an amount is in hundredths. */
export function hundredths(amount: string): bigint {
  expect(amount).toMatch(/^-?\d+\.\d\d$/);
  return BigInt(amount.replace('.', ''));
}

/**
 * Holds everything that is kept of a deal's money against each other: the log is without gap, each change of a line is
 * directly followed by its payment with the totals of that version, and in the end log, rows and lines say the same.
 * @returns how many changes of lines there were.
 */
export async function expectTrueMoney(crm: Crm, dealId: string): Promise<number> {
  const events = await crm.events(`deals/${dealId}`);
  const told = replay(events);
  const rows = await crm.database.rows<{ payment: PaymentView; incomes: LineRows; expenses: LineRows }>(
    `SELECT crm.payment_json(p) AS payment,
       (SELECT json_object_agg(id, amount::text) FROM crm.payment_incomes WHERE payment_id = p.id AND NOT is_deleted) AS incomes,
       (SELECT json_object_agg(id, amount::text) FROM crm.payment_expenses WHERE payment_id = p.id AND NOT is_deleted) AS expenses
     FROM crm.payments p WHERE p.deal_id = $1 ORDER BY p.policy_id, p.sequence`,
    [dealId],
  );
  expect(rows).toHaveLength(told.size);
  for (const { payment, incomes, expenses } of rows) {
    const known = told.get(payment.id)!;
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

/** 1, 2, 3 … per policy, deleted payments among them. */
function expectSequences(payments: readonly PaymentView[]): void {
  const last = new Map<string | null, number>();
  for (const { policy_id, sequence } of payments) {
    expect(sequence).toBe((last.get(policy_id) ?? 0) + 1);
    last.set(policy_id, sequence);
  }
}

function replay(events: readonly LoggedRow[]): Map<string, LoggedPayment> {
  expect(events.map(({ stream_version }) => stream_version)).toEqual(events.map((_, index) => index + 1));
  const told = new Map<string, LoggedPayment>();
  for (const [index, event] of events.entries()) {
    const id = event.data.payment_id as string | undefined;
    if (!id) continue;
    if (kindOf(event.type)) {
      followLine(told.get(id)!.lines, event);
      const next = events[index + 1]!;
      expect([next.type, next.data.payment_id, next.journal_seq]).toEqual([
        'deal.payment.updated',
        id,
        event.journal_seq,
      ]);
    } else told.set(id, followPayment(told.get(id), event));
  }
  return told;
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

/** Cancelled sticks; all else follows from the incomes. */
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
