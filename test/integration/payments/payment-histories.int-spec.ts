import fc from 'fast-check';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { printMeasurements } from '../../support/books/measurements.js';
import { addPayment } from '../../support/money.js';
import { expectTrueMoney } from '../../support/books/money-history.js';
import { addPolicy } from '../../support/sale.js';

const RUNS = 1_000;
/** Properties checked concurrently, so that the database is busy while others are generated. */
const CONCURRENCY = 4;

const ROLES = ['seller', 'executor', 'finance', 'admin', 'lead', 'stranger'] as const;
const ACTS = [
  'plan',
  'revise',
  'delete',
  'schedule',
  'confirm',
  'cancel',
  'addLine',
  'reviseLine',
  'deleteLine',
] as const;
const TODAY = '2026-03-02';

const often = <T>(good: readonly T[], bad: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 24, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });

/** One request; members that its act does not use are ignored. */
const STEP = fc.record({
  act: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('addLine' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...ACTS) },
  ),
  role: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...ROLES.slice(0, 4)) }, fc.constantFrom(...ROLES)),
  target: fc.nat(),
  isOfPolicy: fc.boolean(),
  isExpense: fc.boolean(),
  amount: often<unknown>(
    ['0.01', '1', '333.33', '999.99', '1000.00', '1000.01', '999999999999.99'],
    ['0', '-1.00', '1.005', '1e3', 'NaN', '1000000000000', 5, null],
  ),
  currency: often<string | undefined>([undefined, 'RUB'], ['USD', 'XXX', 'rub', 'рубль']),
  plannedDate: often(['2026-02-28', TODAY], ['2026-03-10', '2026-02-30']),
  date: often<string | undefined>([undefined, '2026-03-01', TODAY], ['2026-03-03', '1900-01-01', 'today']),
  expected: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.integer({ min: 1, max: 4 })),
});
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** Batches in sequence; the steps of a batch are concurrent. */
const HISTORY = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.tuple(STEP) }, fc.array(STEP, { minLength: 2, maxLength: 4 })),
  {
    minLength: 1,
    maxLength: 5,
  },
);

let crm: Crm;
let users: Readonly<Record<(typeof ROLES)[number], TestUser>>;
let clientId: string;

beforeAll(async () => {
  crm = await Crm.start();
  users = {
    seller: crm.user('seller'),
    executor: crm.user('executor'),
    finance: crm.user('finance'),
    admin: crm.user('admin'),
    lead: crm.user('lead'),
    stranger: crm.user('seller'),
  };
  clientId = (await crm.client(users.seller)).id;
});
afterAll(() => crm.stop());

/** Scenario: a deal with its payments and lines, deleted ones included, while a history runs. */
class Scenario {
  private readonly payments: string[] = [];
  private readonly lines: string[] = [];
  private last: object[] | undefined;
  private policy: Promise<PolicyView> | undefined;
  readonly counts: Record<string, number> = {};

  private constructor(readonly dealId: string) {}

  static async begin(): Promise<Scenario> {
    const facts = { client_id: clientId, executor_id: users.executor.id };
    const deal = await crm.deal(users.seller, facts);
    const scenario = new Scenario(deal.id);
    scenario.payments.push((await addPayment(users.seller, deal, { planned_date: '2026-03-01' })).id);
    return scenario;
  }

  async run(batch: readonly Step[]): Promise<void> {
    if (batch.some(isOfPolicy) && !this.policy) {
      await this.policyId();
      this.last = undefined;
    }
    this.last ??= await this.state();
    const answers = await Promise.all(batch.map((step) => this.send(step)));
    for (const [index, { status, code }] of answers.entries()) {
      expect(status).toBeLessThan(500);
      const outcome = `${batch[index]!.act} ${status} ${code ?? ''}`;
      this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
    }
    const state = await this.state();
    if (answers.every(({ status }) => status >= 400)) expect(state).toEqual(this.last);
    this.last = state;
  }

  private async send(step: Step): Promise<Answer<unknown>> {
    const { act, target, isExpense, amount, plannedDate, date } = step;
    const all = `/deals/${this.dealId}/payments`;
    const payment = `${all}/${oneOf(this.payments, target)}`;
    const line = this.lines.length > 0 ? oneOf(this.lines, target) : `${payment}/incomes/${newId()}`;
    const { currency } = step;
    const by = users[step.role];
    const headers: Record<string, string> = step.expected === undefined ? {} : { 'if-match': `"${step.expected}"` };
    const policy_id = isOfPolicy(step) ? await this.policyId() : undefined;
    switch (act) {
      case 'plan': {
        const body = { policy_id, planned_amount: amount, currency: currency ?? 'RUB', planned_date: plannedDate };
        return this.keep(this.payments, by.post<PaymentView>(all, { ...body, actual_date: date }));
      }
      case 'schedule': {
        const plan = { policy_id, amount, currency: currency ?? 'RUB', first_date: plannedDate };
        const body = { ...plan, instalments: 1 + (target % 3), every: 'month', dry_run: isExpense };
        const answer = await by.post<Listed<{ id: string | null }>>(`${all}/schedule`, body);
        if (answer.status === 200) this.payments.push(...answer.body.items.flatMap(({ id }) => id ?? []));
        return answer;
      }
      case 'revise':
        return by.patch(
          payment,
          { planned_amount: amount, currency, planned_date: plannedDate, actual_date: date },
          headers,
        );
      case 'delete':
        return isExpense ? by.patch(payment, { is_deleted: true }, headers) : by.delete(payment, headers);
      case 'confirm':
        return by.post(`${payment}/confirm`, { actual_date: date }, headers);
      case 'cancel':
        return isExpense
          ? by.patch(payment, { status: 'cancelled' }, headers)
          : by.post(`${payment}/cancel`, undefined, headers);
      case 'addLine': {
        const lines = `${payment}/${isExpense ? 'expenses' : 'incomes'}`;
        const body = { amount, currency, category: isExpense ? 'скидка' : 'premium', posted_at: date ?? TODAY };
        return this.keep(this.lines, by.post<PaymentLineView>(lines, body, headers), `${lines}/`);
      }
      case 'reviseLine':
        return by.patch(line, { amount, currency, posted_at: date }, headers);
      case 'deleteLine':
        return by.delete(line, headers);
    }
  }

  private async keep<T extends { readonly id: string }>(
    where: string[],
    sending: Promise<Answer<T>>,
    path = '',
  ): Promise<Answer<T>> {
    const answer = await sending;
    if (answer.status === 201) where.push(`${path}${answer.body.id}`);
    return answer;
  }

  /** Drafted at the first use. */
  private async policyId(): Promise<string> {
    this.policy ??= addPolicy(users.seller, { deal_id: this.dealId });
    return (await this.policy).id;
  }

  /** All rows that a refused request must not change. */
  private state(): Promise<object[]> {
    return crm.database.rows(
      `SELECT (SELECT version FROM crm.event_streams WHERE stream = 'deals/' || $1) AS version,
         (SELECT count(*) FROM crm.journals WHERE deal_id = $1::uuid) AS entries,
         (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM crm.payments p WHERE deal_id = $1::uuid) AS payments,
         (SELECT md5(string_agg(i::text, ',' ORDER BY i.id)) FROM crm.payment_incomes i JOIN crm.payments p
            ON p.id = i.payment_id WHERE p.deal_id = $1::uuid) AS incomes,
         (SELECT md5(string_agg(e::text, ',' ORDER BY e.id)) FROM crm.payment_expenses e JOIN crm.payments p
            ON p.id = e.payment_id WHERE p.deal_id = $1::uuid) AS expenses`,
      [this.dealId],
    );
  }
}

function isOfPolicy(step: Step): boolean {
  return step.isOfPolicy && (step.act === 'plan' || step.act === 'schedule');
}

function oneOf(ids: readonly string[], target: number): string {
  return ids[target % ids.length] ?? newId();
}

it('totals equal their lines after any sequence of sequential and concurrent commands by any user', async () => {
  const outcomes: Record<string, number> = {};
  const property = fc.asyncProperty(HISTORY, async (history) => {
    const scenario = await Scenario.begin();
    for (const batch of history) await scenario.run(batch);
    await expectTrueMoney(crm, scenario.dealId);
    for (const [outcome, count] of Object.entries(scenario.counts))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  });
  const numRuns = RUNS / CONCURRENCY;
  await Promise.all(Array.from({ length: CONCURRENCY }, () => fc.assert(property, { numRuns })));
  const count = (shape: RegExp): number =>
    Object.entries(outcomes).reduce((sum, [outcome, times]) => sum + (shape.test(outcome) ? times : 0), 0);
  printMeasurements('histories of payments', { histories: RUNS, taken: count(/ 2\d\d /), refused: count(/ 4\d\d /) });
  // Every command was accepted sometimes, and refused sometimes.
  for (const act of ACTS) {
    expect([act, count(new RegExp(`^${act} 2`)) > 0]).toEqual([act, true]);
    expect([act, count(new RegExp(`^${act} 4`)) > 0]).toEqual([act, true]);
  }
});
