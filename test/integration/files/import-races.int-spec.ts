import { csvOf, ImportHarness } from '../../support/import-harness.js';
import { addPayment } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

describe('an import with concurrent requests', () => {
  let harness: ImportHarness;

  beforeAll(async () => {
    harness = await ImportHarness.open();
  });
  afterAll(() => harness.close());

  it('of payments waits for a locked payment before it locks the stream of the deal', async () => {
    const deal = await harness.crm.deal(harness.admin);
    // A far date, so that no reminder is published on the deal's stream.
    const late = { planned_date: '2099-03-01' };
    const payments = [await addPayment(harness.admin, deal, late), await addPayment(harness.admin, deal, late)];
    const columns = ['id', 'deal_id', 'planned_date', 'planned_amount', 'currency'];
    const rows = payments.map(({ id }) => [id, deal.id, late.planned_date, '8.00', 'RUB']);
    const run = await harness.crm.database.undone(async (client) => {
      await client.query('SELECT FROM crm.payments WHERE id = $1 FOR NO KEY UPDATE', [payments[1]!.id]);
      const { body } = await harness.submit('payments?mode=good_rows&duplicates=update', csvOf(columns, rows));
      await harness.crm.blocked('FROM crm.payments');
      const stream = 'SELECT FROM crm.event_streams WHERE stream = $1 FOR UPDATE NOWAIT';
      await client.query(stream, [`deals/${deal.id}`]);
      return body;
    });
    expect(await harness.waitForEnd(run.id)).toMatchObject({ state: 'done', updated: 2 });
  });

  it('of deals opens them for the survivor of a merge that ends while a row waits for its client', async () => {
    const { crm, admin } = harness;
    const [client, survivor] = [await crm.client(admin), await crm.client(admin)];
    const [run, merge] = await crm.database.undone(async (connection) => {
      await connection.query('SELECT FROM crm.clients WHERE id = $1 FOR UPDATE', [client.id]);
      const merging = admin.post(`/clients/${client.id}/merge`, { into_id: survivor.id });
      await crm.blocked('SELECT id, merged_into_id FROM crm.clients');
      const csv = csvOf(['client_id', 'title', 'next_review_at'], [[client.id, 'КАСКО', '2099-03-10']]);
      const { body } = await harness.submit('deals?mode=good_rows', csv);
      await crm.blocked('FROM crm.clients given');
      return [body, merging] as const;
    });
    expect(await merge).toMatchObject({ status: 200 });
    expect(await harness.waitForEnd(run.id)).toMatchObject({ state: 'done', created: 1 });
  });

  it('of policies publishes no event to a user who has lost their deal', async () => {
    const [seller, next] = [harness.crm.user('seller'), harness.crm.user('seller')];
    const deal = await harness.crm.deal(seller);
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const csv = csvOf(['id', 'insurance_company', 'premium', 'currency'], [[policy.id, 'Ингосстрах', '99.00', 'RUB']]);
    const [run, assignment] = await harness.crm.database.undone(async (client) => {
      await client.query('SELECT FROM crm.policies WHERE id = $1 FOR NO KEY UPDATE', [policy.id]);
      const { body } = await harness.submit('policies?mode=good_rows&duplicates=update', csv);
      await harness.crm.blocked('FROM crm.policies');
      const assigning = harness.admin.patch(`/deals/${deal.id}/assignment`, { owner_id: next.id });
      await harness.crm.blocked('UPDATE crm.deals');
      return [body, assigning] as const;
    });
    expect(await harness.waitForEnd(run.id)).toMatchObject({ state: 'done', updated: 1 });
    expect(await assignment).toMatchObject({ status: 200 });
    const events = (await harness.crm.events(`deals/${deal.id}`)).slice(-3);
    expect(events).toMatchObject([
      { type: 'deal.policy.updated', audience: [seller.id, null] },
      { type: 'deal.assigned', audience: [next.id, seller.id, null] },
      { type: 'deal.updated', audience: [next.id, null] },
    ]);
  });

  it.each<[string, boolean]>([
    ['after it', true],
    ['before it', false],
  ])('of clients and a request that adds one of them %s create one client', async (_when, isFirst) => {
    const facts = { name: 'Иванова', kind: 'person', email: `${isFirst}@example.com` };
    const take = () => harness.importFile('clients?mode=good_rows', csvOf(Object.keys(facts), [Object.values(facts)]));
    const add = () => harness.admin.post('/clients', facts);
    const [taking, adding] = await harness.crm.database.undone(async (client) => {
      // The first one waits for this lock at its insert.
      await client.query('LOCK TABLE crm.clients IN SHARE MODE');
      const first = isFirst ? take() : add();
      await harness.crm.blocked('INSERT INTO crm.clients');
      const second = isFirst ? add() : take();
      await harness.crm.blocked('pg_advisory_xact_lock');
      return (isFirst ? [first, second] : [second, first]) as [ReturnType<typeof take>, ReturnType<typeof add>];
    });
    const [created, failed] = isFirst ? [1, 0] : [0, 1];
    expect(await taking).toMatchObject({ state: 'done', created, failed });
    expect(await adding).toMatchObject({ status: isFirst ? 409 : 201 });
  });
});
