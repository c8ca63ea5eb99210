import pg from 'pg';
import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import { Clock } from '#platform/kernel';
import { startTestApplication, testEnvironment, TestUser, until } from '#platform/testing';
import { ApiModule } from '../../apps/api/src/api.module.js';
import { Crm } from '../crm.js';
import { addLine, addPayment, pathOf } from '../money.js';

// Generous: reached only when something hangs.
jest.setTimeout(120_000);

const PAYMENTS = 20_000;
/** PostgreSQL settles on a plan for any parameters at the sixth time. */
const ROUNDS = 12;

interface Work {
  readonly table: string;
  readonly wholeScans: number;
  readonly rowsRead: number;
  readonly inserted: number;
}

/** One large deal, and as many payments again in others; each with a line. */
const FILL = `
  WITH facts AS (SELECT p.*, d AS target, g FROM crm.payments p, unnest($2::uuid[]) WITH ORDINALITY AS t (d, n),
      generate_series(1, CASE n WHEN 1 THEN ${PAYMENTS / 2} ELSE ${PAYMENTS / 20} END) AS g WHERE p.id = $1),
  payments AS (
    INSERT INTO crm.payments (id, deal_id, sequence, planned_date, planned_amount, currency, incomes_total, created_by_id,
      updated_by_id, version, created_at, updated_at)
    SELECT gen_random_uuid(), target, g + 1, planned_date + g % 700, 10, currency, 5, created_by_id, updated_by_id, 2,
      created_at, updated_at FROM facts RETURNING *)
  INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, created_by_id,
    updated_by_id, version, created_at, updated_at)
  SELECT gen_random_uuid(), id, 5, currency, 'premium', 'premium', '2026-03-01', created_by_id, updated_by_id, 1,
    created_at, updated_at FROM payments`;

let crm: Crm;
let admin: TestUser;

beforeAll(async () => {
  crm = await Crm.start();
  admin = crm.user('admin');
});
afterAll(() => crm.stop());

/** Lets somebody work on an application of its own: what its connections did is counted at the latest when they end. */
async function through<T>(work: (user: TestUser) => Promise<T>): Promise<T> {
  const module = ApiModule.forRoot(testEnvironment({ databaseUrl: crm.database.url }));
  const api = await startTestApplication(module, [{ provide: Clock, useValue: crm.clock }]);
  try {
    return await work(new TestUser(api.inject, admin.id, ['ROLE_ADMIN']));
  } finally {
    await api.close();
  }
}

const counted = (): Promise<Work[]> =>
  crm.database.rows<Work>(
    `SELECT relname AS table, seq_scan::int AS "wholeScans", (coalesce(idx_tup_fetch, 0) + seq_tup_read)::int AS "rowsRead",
       n_tup_ins::int AS inserted
     FROM pg_stat_user_tables WHERE relname IN ('payments', 'payment_incomes') ORDER BY relname`,
  );

/** Waits until so many rows of the table have been counted. */
async function countedTo(table: string, inserted: number): Promise<Work[]> {
  let work: Work[] = [];
  await until(async () => {
    work = await counted();
    return work.find((row) => row.table === table)!.inserted >= inserted;
  }, 60_000);
  return work;
}

async function fill(payment: PaymentView, deals: readonly DealView[]): Promise<void> {
  const client = new pg.Client({ connectionString: crm.database.url });
  await client.connect();
  await client.query(FILL, [payment.id, deals.map(({ id }) => id)]);
  await client.query('ANALYZE');
  await client.end();
}

it('work on one payment among 20,000 reads rows by index, as many as it needs', async () => {
  const deals: DealView[] = [];
  for (let count = 0; count < 11; count++) deals.push(await crm.deal(admin));
  const payment = await through((user) => addPayment(user, deals[0]!));
  await fill(payment, deals);
  const before = await countedTo('payments', PAYMENTS + 1);
  await through(async (user) => {
    for (let round = 0; round < ROUNDS; round++) {
      const line = await addLine(user, payment, 'incomes');
      const answers = [
        await user.get(pathOf(payment)),
        await user.get(`/deals/${deals[0]!.id}/payments?limit=50&include=incomes,expenses`),
        await user.patch<PaymentLineView>(`${pathOf(payment)}/incomes/${line.id}`, { amount: `${round + 1}.00` }),
        await user.patch<PaymentView>(pathOf(payment), { comment: `взнос ${round}` }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    }
  });
  const after = await countedTo('payment_incomes', PAYMENTS + ROUNDS);
  for (const [index, { table, wholeScans, rowsRead }] of after.entries()) {
    expect({ table, wholeScans: wholeScans - before[index]!.wholeScans }).toEqual({ table, wholeScans: 0 });
    expect(rowsRead - before[index]!.rowsRead).toBeLessThan(ROUNDS * 300);
  }
});
