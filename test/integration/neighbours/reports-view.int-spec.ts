import pg from 'pg';
import { type TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

const VIEW = `CREATE MATERIALIZED VIEW reports.deal_pipeline_summary AS
  SELECT status, count(*) AS total_deals, min(created_at) AS first_deal_at, max(updated_at) AS last_activity_at
  FROM crm.deals WHERE is_deleted = false GROUP BY status`;
const REFRESH = 'REFRESH MATERIALIZED VIEW CONCURRENTLY reports.deal_pipeline_summary';

describe('the Reports service', () => {
  let crm: Crm;
  let seller: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
  });
  afterAll(() => crm.stop());

  it('refreshes its materialized view on the deals with the rights that the documents name', async () => {
    const role = `reports_${crm.database.url.slice(-12)}`;
    await crm.database.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'of-reports'`);
    await crm.database.rows(`CREATE SCHEMA reports AUTHORIZATION ${role}`);
    await crm.database.rows(`GRANT USAGE ON SCHEMA crm TO ${role}`);
    await crm.database.rows(`GRANT SELECT (status, created_at, updated_at, is_deleted) ON crm.deals TO ${role}`);
    const url = new URL(crm.database.url);
    [url.username, url.password] = [role, 'of-reports'];
    const reports = new pg.Client({ connectionString: url.href });
    await reports.connect();
    try {
      await reports.query(VIEW);
      await reports.query('CREATE UNIQUE INDEX ON reports.deal_pipeline_summary (status)');
      await crm.deal(seller);
      await crm.dealAt(seller, 'proposal');
      const deleted = await crm.deal(seller);
      await seller.delete(`/deals/${deleted.id}`);
      await reports.query(REFRESH);
      const { rows } = await reports.query(
        'SELECT status, total_deals::int AS deals FROM reports.deal_pipeline_summary ORDER BY 1',
      );
      expect(rows).toEqual([
        { status: 'proposal', deals: 1 },
        { status: 'qualification', deals: 1 },
      ]);
      await expect(reports.query('SELECT title FROM crm.deals')).rejects.toMatchObject({ code: '42501' });
    } finally {
      await reports.query('DROP SCHEMA reports CASCADE');
      await reports.end();
      await crm.database.rows(`DROP OWNED BY ${role}`);
      await crm.database.rows(`DROP ROLE ${role}`);
    }
  });
});
