import { until } from '#platform/testing';
import { csvOf, ImportDesk } from '../import-desk.js';
import { addPayment } from '../money.js';

describe('an import, and others at the same moment', () => {
  let desk: ImportDesk;

  beforeAll(async () => {
    desk = await ImportDesk.open();
  });
  afterAll(() => desk.close());

  /** Resolves when a statement like this waits for another's lock. */
  const untilBlocked = (query: string) =>
    until(async () => {
      const sql = `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`;
      return (await desk.crm.database.rows(sql, [query])).length > 0;
    });

  it('of payments waits for one of them before it holds the story of their deal', async () => {
    const deal = await desk.crm.deal(desk.admin);
    const payments = [await addPayment(desk.admin, deal), await addPayment(desk.admin, deal)];
    const columns = ['id', 'deal_id', 'planned_date', 'planned_amount', 'currency'];
    const rows = payments.map(({ id }) => [id, deal.id, '2026-03-01', '8.00', 'RUB']);
    const run = await desk.crm.database.undone(async (client) => {
      await client.query('SELECT FROM crm.payments WHERE id = $1 FOR NO KEY UPDATE', [payments[1]!.id]);
      const { body } = await desk.hand('payments?mode=good_rows&duplicates=update', csvOf(columns, rows));
      await untilBlocked('%FROM crm.payments%');
      const stream = 'SELECT FROM crm.event_streams WHERE stream = $1 FOR UPDATE NOWAIT';
      await client.query(stream, [`deals/${deal.id}`]);
      return body;
    });
    expect(await desk.end(run.id)).toMatchObject({ state: 'done', updated: 2 });
  });
});
