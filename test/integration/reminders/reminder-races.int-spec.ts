import pg from 'pg';
import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { addDays } from '#platform/kernel';
import { type Answer, until } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addPayment } from '../../support/money.js';
import { WorkerHarness } from '../../support/worker-harness.js';
import { activePolicy, addQuote } from '../../support/sale.js';

const TODAY = '2026-03-02';
const TOMORROW = addDays(TODAY, 1);

let crm: Crm;
let worker: WorkerHarness;

beforeEach(async () => {
  crm = await Crm.start();
  worker = await WorkerHarness.start(crm);
});

afterEach(async () => {
  await worker.close();
  await crm.stop();
});

/** Runs a statement that commits when `work` is done. */
async function whileOpen(sql: string, values: readonly unknown[], work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: crm.database.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(sql, [...values]);
    await work();
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** Number of this database's connections that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await crm.database.rows<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row!.count;
}

describe('a daily run', () => {
  it('skips no subject when the last one of a batch is changed meanwhile', async () => {
    const { id: client } = await crm.client(crm.user('seller'));
    await crm.database.rows(
      `INSERT INTO crm.deals (id, client_id, title, status, next_review_at, created_at, updated_at, version)
       SELECT gen_random_uuid(), $1, 'КАСКО ' || n, 'qualification', $2, $3::date, $3::date + n * interval '1 s', 1
       FROM generate_series(1, 510) AS n`,
      [client, TOMORROW, addDays(TODAY, -10)],
    );
    let dailyRun!: Promise<void>;
    const change = `UPDATE crm.deals SET updated_at = $1, version = 2 WHERE title = 'КАСКО 500'`;
    await whileOpen(change, [crm.clock.now()], async () => {
      dailyRun = worker.advanceTo(TOMORROW);
      await until(async () => (await waiting()) > 0);
    });
    await dailyRun;
    const [reminders] = await crm.database.rows(`SELECT count(*)::int AS count FROM crm.reminders`);
    expect(reminders).toEqual({ count: 510 });
  });

  it('publishes no reminder to a user who has lost the deal meanwhile', async () => {
    const [admin, loser, winner] = [crm.user('admin'), crm.user('seller'), crm.user('seller')];
    const deal = await crm.deal(admin, { owner_id: loser.id, next_review_at: '2028-01-10' });
    const { id: deal_id, client_id } = deal;
    await addPayment(admin, deal, { planned_date: TOMORROW });
    await activePolicy(admin, { deal_id, client_id, effective_from: TODAY, effective_to: addDays(TOMORROW, 30) });
    await addQuote(admin, deal, { validity_period: { start: TODAY, end: TODAY } });
    await worker.settled();

    let dailyRun!: Promise<void>;
    let assignment!: Promise<Answer<DealView>>;
    const subjects = `WITH p AS (SELECT FROM crm.payments WHERE deal_id = $1 FOR UPDATE),
        q AS (SELECT FROM crm.quotes WHERE deal_id = $1 FOR UPDATE)
      SELECT FROM crm.policies, (SELECT count(*) FROM p) AS ps, (SELECT count(*) FROM q) AS qs
      WHERE deal_id = $1 FOR UPDATE OF policies`;
    await whileOpen(subjects, [deal_id], async () => {
      dailyRun = worker.advanceTo(TOMORROW);
      await until(async () => (await waiting()) === 3);
      let isAnswered = false;
      assignment = admin.patch<DealView>(`/deals/${deal_id}/assignment`, { owner_id: winner.id });
      void assignment.then(() => (isAnswered = true));
      await until(async () => isAnswered || (await waiting()) === 4);
    });
    await dailyRun;
    expect(await assignment).toMatchObject({ status: 200, body: { owner_id: winner.id } });
    const events = await crm.events(`deals/${deal_id}`);
    const types = events.filter(({ data }) => 'key' in data).map(({ type }) => type);
    expect(types.sort()).toEqual(['deal.payment.due', 'deal.policy.renewal_due', 'deal.quote.expired']);
    const afterwards = events.slice(events.findIndex(({ type }) => type === 'deal.assigned') + 1);
    expect(afterwards.filter(({ audience }) => audience.includes(loser.id)).map(({ type }) => type)).toEqual([]);
  });

  it('does not close a policy whose end is changed while it waits to be closed', async () => {
    const admin = crm.user('admin');
    const { id: client_id } = await crm.client(admin);
    const past = { client_id, effective_from: '2025-01-01', effective_to: '2026-01-31' };
    const [moved, ended] = [await activePolicy(admin, past), await activePolicy(admin, past)];
    await worker.settled();

    let dailyRun!: Promise<void>;
    const change = 'UPDATE crm.policies SET effective_to = $2, version = version + 1 WHERE id = $1';
    await whileOpen(change, [moved.id, TODAY], async () => {
      dailyRun = worker.advanceTo(TOMORROW);
      await until(async () => (await waiting()) > 0);
    });
    await dailyRun;
    const statusOf = async ({ id }: PolicyView) => (await admin.get<PolicyView>(`/policies/${id}`)).body.status;
    expect([await statusOf(moved), await statusOf(ended)]).toEqual(['active', 'closed']);
  });
});

describe('reminders of several kinds in one batch', () => {
  const sequencer = `SELECT FROM crm.event_cursors WHERE name = 'sequencer' FOR UPDATE`;
  const deal = 'SELECT FROM crm.deals WHERE id = $1 FOR UPDATE';

  it.each(['deal.review_due', 'deal.quote.expired'])(
    'lock deals by id, when %s is of the later one',
    async (ofLater) => {
      const admin = crm.user('admin');
      const deals = [await crm.deal(admin), await crm.deal(admin)].sort((a, b) => (a.id < b.id ? -1 : 1));
      const [earlier, later] = [deals[0]!, deals[1]!];
      const [reviewed, quoted] = ofLater === 'deal.review_due' ? [later, earlier] : [earlier, later];
      await worker.settled();

      let release!: () => void;
      const released = new Promise<void>((resolve) => (release = resolve));
      let holding!: Promise<void>;
      await whileOpen(sequencer, [], async () => {
        const answer = await admin.patch(`/deals/${reviewed.id}`, { next_review_at: TODAY });
        expect(answer).toMatchObject({ status: 200 });
        const yesterday = addDays(TODAY, -1);
        await addQuote(admin, quoted, { validity_period: { start: yesterday, end: yesterday } });
        await new Promise<void>((locked) => {
          holding = whileOpen(deal, [earlier.id], () => (locked(), released));
        });
      });
      try {
        await crm.blocked('crm.deal');
        await crm.database.rows(`${deal} NOWAIT`, [later.id]);
      } finally {
        release();
        await holding;
      }
      await worker.settled();
      const reminders = await crm.database.rows('SELECT kind FROM crm.reminders ORDER BY kind');
      expect(reminders).toEqual([{ kind: 'deal.quote.expired' }, { kind: 'deal.review_due' }]);
    },
  );

  it.each(['policy.expired', 'policy.renewal_due'])(
    'lock policies without a deal by id, when %s is of the later one',
    async (ofLater) => {
      const admin = crm.user('admin');
      const client = await crm.client(admin);
      const facts = { client_id: client.id, effective_from: '2025-03-03', effective_to: '2027-01-01' };
      const policies = [await activePolicy(admin, facts), await activePolicy(admin, facts)];
      const [earlier, later] = policies.sort((a, b) => (a.id < b.id ? -1 : 1)) as [PolicyView, PolicyView];
      const [ending, renewed] = ofLater === 'policy.expired' ? [later, earlier] : [earlier, later];
      await worker.settled();

      const policy = 'SELECT FROM crm.policies WHERE id = $1 FOR UPDATE';
      let release!: () => void;
      const released = new Promise<void>((resolve) => (release = resolve));
      let holding!: Promise<void>;
      await whileOpen(sequencer, [], async () => {
        for (const [{ id }, days] of [[renewed, 30] as const, [ending, 0] as const]) {
          const answer = await admin.patch(`/policies/${id}`, { effective_to: addDays(TODAY, days) });
          expect(answer).toMatchObject({ status: 200 });
        }
        await new Promise<void>((locked) => {
          holding = whileOpen(policy, [earlier.id], () => (locked(), released));
        });
      });
      try {
        await crm.blocked('crm.policies');
        await crm.database.rows(`${policy} NOWAIT`, [later.id]);
      } finally {
        release();
        await holding;
      }
      await worker.settled();
      const reminders = await crm.database.rows('SELECT kind FROM crm.reminders ORDER BY kind');
      expect(reminders).toEqual([{ kind: 'policy.expired' }, { kind: 'policy.renewal_due' }]);
    },
  );
});
