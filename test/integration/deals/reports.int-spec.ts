import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runMigrations } from '#platform/persistence';
import { type Server, startPostgres } from '#platform/services';
import { TestDatabase, type TestUser } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

const VIEWS = ['deals_by_stage_and_month', 'expected_and_received_by_month', 'money_by_insurer_and_month'];
const FORBIDDEN = '42501';

describe('the reports feed', () => {
  let crm: Crm;
  let admin: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    admin = crm.user('admin');
    await book();
  });
  afterAll(() => crm.stop());

  /** Data with two insurers, two currencies, two months, and rows that must not be counted. */
  async function book(): Promise<void> {
    crm.clock.set('2026-01-31T21:30:00.000Z'); // February in Moscow
    const deal = await crm.dealAt(admin, 'negotiation');
    await crm.deal(admin);
    crm.clock.set('2026-02-10T21:30:00.000Z');
    await crm.dealAt(admin, 'closedWon', { client_id: deal.client_id });
    const gone = await crm.deal(admin);
    await admin.delete(`/deals/${gone.id}`);
    crm.clock.set('2026-03-20T09:00:00.000Z');
    await crm.deal(admin);
    const policyOf = async (insurance_company: string) =>
      (await addPolicy(admin, { deal_id: deal.id, insurance_company })).id;
    const plan = (facts: object) => addPayment(admin, deal, facts);

    const one = await plan({
      policy_id: await policyOf('СОГАЗ'),
      planned_date: '2026-02-15',
      planned_amount: '1000.00',
    });
    await addLine(admin, one, 'incomes', { amount: '600.10', category: 'premium', posted_at: '2026-02-20' });
    await addLine(admin, one, 'incomes', { amount: '700.20', category: 'premium', posted_at: '2026-03-01' });
    await addLine(admin, one, 'expenses', { amount: '500.00', category: 'refund', posted_at: '2026-03-02' });
    const two = await plan({
      policy_id: await policyOf(' согаз '),
      planned_date: '2026-02-28',
      planned_amount: '300.00',
    });
    await addLine(admin, two, 'incomes', { amount: '45.05', category: 'комиссия', posted_at: '2026-02-28' });
    await addLine(admin, two, 'expenses', { amount: '5.01', category: 'discount', posted_at: '2026-03-05' });
    const three = await plan({ policy_id: await policyOf('ВСК'), planned_amount: '80.00', currency: 'EUR' });
    await addLine(admin, three, 'incomes', { amount: '80.00', category: 'commission', posted_at: '2026-03-10' });
    const wrong = await addLine(admin, three, 'incomes', {
      amount: '9.99',
      category: 'premium',
      posted_at: '2026-03-11',
    });
    await admin.delete(`${pathOf(three)}/incomes/${wrong.id}`);
    const cancelled = await plan({ planned_date: '2026-03-25', planned_amount: '5000.00' });
    await addLine(admin, cancelled, 'incomes', { amount: '11.11', category: 'fee', posted_at: '2026-03-12' });
    await admin.post(`${pathOf(cancelled)}/cancel`);
    const deleted = await plan({ planned_date: '2026-03-26', planned_amount: '7000.00' });
    await admin.delete(pathOf(deleted));
  }

  const rows = (view: string, order: string) =>
    crm.database.rows(`SELECT * FROM crm_reports.${view} ORDER BY ${order} NULLS FIRST`);

  it('counts deals by the month in which they were opened and their stage', async () => {
    expect(await rows('deals_by_stage_and_month', 'month, stage')).toEqual([
      { month: '2026-02-01', stage: 'closedWon', deals: '1', average_days_to_close: '0.00' },
      { month: '2026-02-01', stage: 'negotiation', deals: '1', average_days_to_close: null },
      { month: '2026-02-01', stage: 'qualification', deals: '1', average_days_to_close: null },
      { month: '2026-03-01', stage: 'qualification', deals: '1', average_days_to_close: null },
    ]);
  });

  it('uses the time zone of the database for the months of deals', async () => {
    const inUtc = await crm.database.undone(async (client) => {
      await client.query("SET LOCAL crm.timezone = 'UTC'");
      return (
        await client.query(
          'SELECT month, sum(deals) AS deals FROM crm_reports.deals_by_stage_and_month GROUP BY 1 ORDER BY 1',
        )
      ).rows as object[];
    });
    expect(inUtc).toEqual([
      { month: '2026-01-01', deals: '2' },
      { month: '2026-02-01', deals: '1' },
      { month: '2026-03-01', deals: '1' },
    ]);
  });

  it('sums up premium and commission by insurer', async () => {
    const none = {
      premium_received: '0.00',
      premium_passed_on: '0.00',
      commission_received: '0.00',
      own_expenses: '0.00',
    };
    const sogaz = { insurance_company: expect.stringMatching(/согаз/i) as string, currency: 'RUB' };
    expect(await rows('money_by_insurer_and_month', 'month, currency, insurance_company')).toEqual([
      { ...none, ...sogaz, month: '2026-02-01', premium_received: '600.10', commission_received: '45.05' },
      { ...none, month: '2026-03-01', insurance_company: 'ВСК', currency: 'EUR', commission_received: '80.00' },
      { ...none, month: '2026-03-01', insurance_company: null, currency: 'RUB' },
      {
        ...none,
        ...sogaz,
        month: '2026-03-01',
        premium_received: '700.20',
        premium_passed_on: '500.00',
        own_expenses: '5.01',
      },
    ]);
  });

  it('compares expected with received amounts', async () => {
    expect(await rows('expected_and_received_by_month', 'month, currency')).toEqual([
      {
        month: '2026-02-01',
        currency: 'RUB',
        payments: '2',
        expected: '1300.00',
        received_of_expected: '1345.35', // 600.10 + 700.20 + 45.05
        outstanding: '254.95', // 300.00 − 45.05; the other was received in full
        received_in_month: '645.15', // 600.10 + 45.05
      },
      {
        month: '2026-03-01',
        currency: 'EUR',
        payments: '1',
        expected: '80.00',
        received_of_expected: '80.00',
        outstanding: '0.00',
        received_in_month: '80.00',
      },
      {
        month: '2026-03-01',
        currency: 'RUB',
        payments: '0',
        expected: '0.00',
        received_of_expected: '0.00',
        outstanding: '0.00',
        received_in_month: '711.31', // 700.20 + 11.11, which was cancelled afterwards
      },
    ]);
  });

  it('lets its reader select from the views only', async () => {
    expect(await seenByReader(crm.database)).toEqual(VIEWS);
    const behind = ['crm.deals', 'crm.payments', 'crm.payment_incomes', 'crm.policies', 'crm.clients', 'crm.event_log'];
    for (const table of behind) {
      const read = asReader(crm.database, `SELECT FROM ${table} LIMIT 1`);
      await expect(read).rejects.toMatchObject({ code: FORBIDDEN });
    }
    for (const view of VIEWS) {
      await asReader(crm.database, `SELECT * FROM crm_reports.${view}`);
      const write = asReader(crm.database, `DELETE FROM crm_reports.${view}`);
      await expect(write).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|55000)$/) as string });
    }
    const [role] = await crm.database.rows(
      `SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'crm_reports_reader'`,
    );
    expect(role).toEqual({ rolcanlogin: false, rolsuper: false, rolcreaterole: false });
  });

  it('has a comment on every view and column', async () => {
    const silent = await crm.database.rows(
      `SELECT c.relname, a.attname FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'crm_reports'::regnamespace
          AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)`,
    );
    expect(silent).toEqual([]);
  });
});

describe('the reports feed of a user who may not create roles', () => {
  let server: Server;
  let database: TestDatabase;
  let administrator: TestDatabase;

  beforeAll(async () => {
    server = await startPostgres();
    const onServer = new TestDatabase(server.url);
    await onServer.rows("CREATE ROLE app LOGIN PASSWORD 'app' NOCREATEROLE");
    await onServer.rows('CREATE DATABASE owned OWNER app');
    const url = new URL(server.url);
    url.pathname = '/owned';
    administrator = new TestDatabase(url.toString());
    [url.username, url.password] = ['app', 'app'];
    await runMigrations(url.toString(), MIGRATIONS);
    database = new TestDatabase(url.toString());
  }, 60_000);
  afterAll(() => server.discard());

  it('exists, and is readable after the documented steps of an administrator', async () => {
    expect(await database.rows("SELECT FROM pg_roles WHERE rolname = 'crm_reports_reader'")).toEqual([]);
    for (const view of VIEWS) expect(await database.rows(`SELECT * FROM crm_reports.${view}`)).toEqual([]);
    const text = readFileSync(join(__dirname, '../../../docs/reports.md'), 'utf8');
    await administrator.rows(/```sql\n([^`]+)```/.exec(text)![1]!);
    expect(await seenByReader(administrator)).toEqual(VIEWS);
  });
});

function asReader(database: TestDatabase, sql: string): Promise<object[]> {
  return database.undone(async (client) => {
    await client.query('SET LOCAL ROLE crm_reports_reader');
    return (await client.query<object>(sql)).rows;
  });
}

/** Tables and views, except those of PostgreSQL, that the reader may select from. */
async function seenByReader(database: TestDatabase): Promise<string[]> {
  const seen = await database.rows<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
        AND c.relkind IN ('r', 'p', 'v', 'm') AND has_schema_privilege('crm_reports_reader', n.oid, 'USAGE')
        AND has_table_privilege('crm_reports_reader', c.oid, 'SELECT')
      ORDER BY 1`,
  );
  return seen.map(({ name }) => name);
}
