import pg from 'pg';
import { newId } from '#platform/kernel';
import { EVENT_REPLAYS, EventReplays } from '#platform/messaging';
import { Lease } from '#platform/persistence';
import { until } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { WorkerHarness } from '../../support/worker-harness.js';

describe('a replay', () => {
  let crm: Crm;
  let worker: WorkerHarness;

  beforeAll(async () => {
    crm = await Crm.start();
    worker = await WorkerHarness.start(crm);
  });

  afterAll(async () => {
    await worker.close();
    await crm.stop();
  });

  it('of a frozen worker is requested again, and ends', async () => {
    const id = newId();
    const another = new pg.Client({ connectionString: crm.database.url });
    await another.connect();
    const whileLeased = async (): Promise<void> => {
      await crm.database.rows(
        `WITH asked AS (
           INSERT INTO crm.event_replays (id, queue, types, from_position, to_position, position, state,
             requested_by_id, created_at, updated_at)
           VALUES ($1, 'reports', '{}', 1, 10, 5, 'running', gen_random_uuid(), $3, $3) RETURNING id)
         INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
         SELECT gen_random_uuid(), $2, 'replay', id, jsonb_build_object('replay_id', id), $3::timestamptz - interval '1 hour', $3
         FROM asked`,
        [id, EVENT_REPLAYS, crm.clock.now()],
      );
      await until(async () => (await requestsOf(id)).includes('done'));
      expect(await requestsOf(id)).toEqual(['done', 'pending']);
    };
    await Lease.runExclusive(another, `replay/${id}`, whileLeased, undefined);
    crm.clock.advanceDays(1);
    // No broker is configured, so the replay ends when it starts.
    await until(async () => (await stateOf(id)) === 'failed');
  });

  it('is not ended by a former owner of its lease, and its lease retains its token', async () => {
    const id = newId();
    await crm.database.rows(
      `INSERT INTO crm.event_replays (id, queue, types, from_position, to_position, position, state,
         requested_by_id, created_at, updated_at)
       VALUES ($1, 'reports', '{}', 1, 10, 5, 'running', gen_random_uuid(), $2, $2)`,
      [id, crm.clock.now()],
    );
    const replays = worker.get(EventReplays);
    const [frozen, another] = [new pg.Client(crm.database.url), new pg.Client(crm.database.url)];
    await Promise.all([frozen.connect(), another.connect()]);
    const afterThaw = async (former: Lease): Promise<void> => {
      await crm.database.rows(`UPDATE crm.leases SET expires_at = '-infinity' WHERE name = $1`, [former.name]);
      const whileLeased = async (current: Lease): Promise<void> => {
        await replays.finish(id, former, 'queue_not_found');
        expect(await stateOf(id)).toBe('running');
        const [row] = await crm.database.rows('SELECT token FROM crm.leases WHERE name = $1', [former.name]);
        expect(row).toEqual({ token: current.token });
        await replays.finish(id, current);
        expect(await stateOf(id)).toBe('done');
      };
      await Lease.runExclusive(another, former.name, whileLeased, undefined);
    };
    await Lease.runExclusive(frozen, `replay/${id}`, afterThaw, undefined);
    expect(await stateOf(id)).toBe('done');
    expect(await crm.database.rows('SELECT token FROM crm.leases WHERE name = $1', [`replay/${id}`])).toEqual([
      { token: '2' },
    ]);
  });

  /** States of requested replays, oldest first. */
  async function requestsOf(id: string): Promise<string[]> {
    const rows = await crm.database.rows<{ state: string }>(
      `SELECT state FROM crm.job_requests WHERE payload ->> 'replay_id' = $1 ORDER BY run_after`,
      [id],
    );
    return rows.map(({ state }) => state);
  }

  async function stateOf(id: string): Promise<string> {
    const [row] = await crm.database.rows<{ state: string }>('SELECT state FROM crm.event_replays WHERE id = $1', [id]);
    return row!.state;
  }
});
