import { Readiness } from '#platform/http';
import { MIGRATIONS } from '../../../migrations/index.js';
import { Crm } from '../../support/crm.js';

describe('a process whose database is migrated under it', () => {
  let crm: Crm;

  beforeAll(async () => {
    crm = await Crm.start();
  });
  afterAll(() => crm.stop());

  const probe = async () => {
    const { statusCode, body } = await crm.api.inject({ method: 'GET', url: '/health/ready' });
    return { status: statusCode, body };
  };
  const start = () => crm.api.nest.get(Readiness).requireSchema();

  it('is sent traffic on, until the next release takes over, but would not start again', async () => {
    expect((await probe()).status).toBe(200);
    await start();
    await crm.database.rows(`INSERT INTO crm.migrations (timestamp, name) VALUES (4102444800000, 'FromTheFuture')`);
    expect((await probe()).status).toBe(200);
    await expect(start()).rejects.toThrow('schema is newer than this code');
  });

  it('is sent none when the schema lacks something, whatever else is in it', async () => {
    await crm.database.rows('DELETE FROM crm.migrations WHERE name = $1', [MIGRATIONS.at(-1)!.name]);
    expect(await probe()).toMatchObject({ status: 503, body: expect.stringContaining('schema is older') });
    await expect(start()).rejects.toThrow('schema is older than this code');
  });
});
