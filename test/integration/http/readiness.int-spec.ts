import { Readiness } from '#platform/http';
import { MIGRATIONS } from '../../../migrations/index.js';
import { Crm } from '../../support/crm.js';

describe('a running process whose database is migrated', () => {
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

  it('stays ready until the next release replaces it, but cannot start again', async () => {
    expect((await probe()).status).toBe(200);
    await start();
    await crm.database.rows(`INSERT INTO crm.migrations (timestamp, name) VALUES (4102444800000, 'FromTheFuture')`);
    expect((await probe()).status).toBe(200);
    await expect(start()).rejects.toThrow('schema is newer than this code');
  });

  it('is not ready when its schema lacks a migration, even with unknown ones', async () => {
    await crm.database.rows('DELETE FROM crm.migrations WHERE name = $1', [MIGRATIONS.at(-1)!.name]);
    expect(await probe()).toMatchObject({ status: 503, body: expect.stringContaining('schema is older') });
    await expect(start()).rejects.toThrow('schema is older than this code');
  });
});
