import pg from 'pg';
import { backfillPhoneKeys } from '#crm/clients';
import type { ClientView } from '#crm/clients/contracts';
import { ADVISORY_LOCKS } from '#platform/persistence';
import { startTestApplication, testEnvironment, type TestUser, until } from '#platform/testing';
import { migrate, withClient } from '../../../apps/cli/src/database/database.js';
import { WorkerModule } from '../../../apps/worker/src/worker.module.js';
import { Crm, type Listed } from '../../support/crm.js';

/** As the rule of earlier releases stored them: digits, the trunk prefix 8 replaced by 7. */
const OLD_KEYS = `UPDATE crm.clients SET phone_key = regexp_replace(regexp_replace(phone, '\\D', '', 'g'), '^8(\\d{10})$', '7\\1')`;

let crm: Crm;
let lead: TestUser;

beforeEach(async () => {
  crm = await Crm.start();
  lead = crm.user('lead');
});
afterEach(() => crm.stop());

const keys = async (): Promise<(string | null)[]> => {
  const rows = await crm.database.rows<{ phone_key: string | null }>('SELECT phone_key FROM crm.clients ORDER BY id');
  return rows.map(({ phone_key }) => phone_key);
};
const backfill = (region: 'RU' | 'GB') => withClient(crm.database.url, (client) => backfillPhoneKeys(client, region));
/** True when a worker has a connection for the backfill in this state. */
const backfills = async (state: string): Promise<boolean> => {
  const ofWorkers = `datname = current_database() AND application_name = 'crm-phone-keys' AND ${state}`;
  return (await crm.database.rows(`SELECT FROM pg_stat_activity WHERE ${ofWorkers}`)).length > 0;
};
const recorded = () => crm.database.rows('SELECT name, rule FROM crm.derived_columns');

/** Clients of an earlier release, one of them deleted and one without a phone. */
async function oldBook(): Promise<ClientView[]> {
  const phones = ['8 (912) 345-67-89', '9001112233', '+81 3 0897 3969', '345-67-89', null, '+7 495 123-45-67'];
  const clients: ClientView[] = [];
  for (const phone of phones) clients.push(await crm.client(lead, { phone }));
  await lead.delete(`/clients/${clients.at(-1)!.id}`);
  await crm.database.rows(OLD_KEYS);
  expect(await keys()).toEqual(['79123456789', '9001112233', '71308973969', '3456789', null, '74951234567']);
  return clients;
}
const NEW_KEYS = ['+79123456789', '+79001112233', '+81308973969', '3456789', null, '+74951234567'];

describe('the phone keys of an earlier release', () => {
  it('are recomputed by crm migrate, and find their clients again', async () => {
    const [maria] = await oldBook();
    const before = await crm.rowCounts();
    const env = testEnvironment({ databaseUrl: crm.database.url });
    expect(await migrate({ json: true }, env)).toBe(0);
    expect(await keys()).toEqual(NEW_KEYS);
    expect(await recorded()).toEqual([{ name: 'clients.phone_key', rule: '1 RU' }]);
    expect(await crm.rowCounts()).toEqual({ ...before, derived_columns: 1 });
    const { body } = await lead.get<Listed<ClientView>>('/clients?search=9123456789');
    expect(body.items).toEqual([maria]);
    const again = await lead.post('/clients', { name: 'Иная', kind: 'person', phone: '+7 912 345-67-89' });
    expect(again).toMatchObject({ status: 409, code: 'client_duplicate' });
  });

  it('are recomputed when a process of the earlier release stored them after the migration', async () => {
    await oldBook();
    expect(await backfill('RU')).toBe(4);
    await crm.database.rows(`${OLD_KEYS}, updated_at = now() WHERE phone LIKE '8%'`);
    expect(await backfill('RU')).toBe(1);
    expect(await keys()).toEqual(NEW_KEYS);
  });

  it('are recomputed at the start of a worker', async () => {
    await oldBook();
    const worker = await startTestApplication(WorkerModule.forRoot(testEnvironment({ databaseUrl: crm.database.url })));
    try {
      await until(async () => (await recorded()).length === 1);
      expect(await keys()).toEqual(NEW_KEYS);
    } finally {
      await worker.close();
    }
  });

  it('are recomputed by a worker when the process that recomputed them was stopped before it had finished', async () => {
    await oldBook();
    const stopped = new pg.Client(crm.database.url);
    await stopped.connect();
    await stopped.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS.phoneKeys]);
    // Shows that the worker begins: its statement waits for the table, then fails to get the advisory lock.
    await stopped.query('BEGIN');
    await stopped.query('LOCK TABLE crm.derived_columns');
    const worker = await startTestApplication(WorkerModule.forRoot(testEnvironment({ databaseUrl: crm.database.url })));
    try {
      await until(() => backfills(`wait_event_type = 'Lock'`));
      await stopped.query('COMMIT');
      await until(async () => !(await backfills('true')));
      await stopped.end();
      await until(async () => (await recorded()).length === 1);
      expect(await keys()).toEqual(NEW_KEYS);
    } finally {
      await worker.close();
    }
  });

  it('are recomputed after a change of the default region', async () => {
    await oldBook();
    expect(await backfill('RU')).toBe(4);
    expect(await backfill('RU')).toBe(0);
    expect(await backfill('GB')).toBeGreaterThan(0);
    expect((await keys())[0]).toBe('89123456789');
  });

  it('of a large book are recomputed in batches, all of them', async () => {
    await crm.database.rows(`
      INSERT INTO crm.clients (id, name, kind, phone, phone_key, status, version, created_at, updated_at)
      SELECT gen_random_uuid(), 'Клиент ' || n, 'person', '8 900 ' || lpad(n::text, 7, '0'), '7900' || lpad(n::text, 7, '0'),
        'active', 1, now(), now() FROM generate_series(1, 2500) AS n`);
    expect(await backfill('RU')).toBe(2_500);
    const wrong = await crm.database.rows(
      `SELECT id FROM crm.clients WHERE phone_key IS DISTINCT FROM '+7900' || right(phone, 7)`,
    );
    expect(wrong).toEqual([]);
  });
});

describe('the default region', () => {
  it('is a setting: numbers without a country code belong to it', async () => {
    const abroad = await crm.also({ CRM_PHONE_REGION: 'BY' });
    const user = abroad.user('ROLE_TEAM_LEAD');
    expect(await user.post('/clients', { name: 'Анна', kind: 'person', phone: '029 123-45-67' })).toMatchObject({
      status: 201,
    });
    expect(await keys()).toEqual(['+375291234567']);
  });
});

describe('the country of tax ids', () => {
  it('is a setting: without it every tax id is accepted as sent', async () => {
    const abroad = await crm.also({ CRM_TAX_ID_COUNTRY: 'none' });
    const client = { name: 'Анна', kind: 'person', tax_id: '500100732258' };
    expect(await abroad.user('ROLE_TEAM_LEAD').post('/clients', client)).toMatchObject({ status: 201 });
    expect(await lead.post('/clients', client)).toMatchObject({ status: 422 });
  });
});
