import { Database } from '#platform/persistence';
import { until } from '#platform/testing';
import { Projection } from './projection.js';
import { ProjectionRebuilds } from './projection-rebuilds.js';
import { ParcelProjection, ProjectionHarness } from './projections.fixture.js';

/** More than two batches. */
const MANY = 1_200;

/** Has no reset. */
class PostmanProjection extends Projection {
  readonly name = 'postmen';
  readonly types = ['postman.*'];

  async project(): Promise<void> {
    // Without effects.
  }
}

describe('the rebuild of a projection', () => {
  let harness: ProjectionHarness;
  let rebuilds: ProjectionRebuilds;
  let projection: ParcelProjection;
  let ids: readonly string[];

  beforeAll(async () => {
    harness = await ProjectionHarness.start();
    await harness.startWorker(PostmanProjection);
    rebuilds = harness.get(ProjectionRebuilds);
    projection = harness.get(ParcelProjection);
    ids = await harness.append(...Array.from({ length: MANY }, () => 'parcel.moved'));
    await until(() => harness.isRead());
    await until(async () => (await rebuilds.list()).some(({ name }) => name === 'postmen'));
  });
  afterAll(() => harness.stop());

  const stateOf = async (wanted: string) => (await rebuilds.list()).find(({ name }) => name === wanted)!;
  const rebuilt = () => until(async () => !(await stateOf('parcels')).rebuild_requested_at && harness.isRead());

  it('replaces wrong effects, by the running worker', async () => {
    await harness.database.rows('UPDATE public.effects SET event_id = gen_random_uuid() WHERE number % 7 = 0');
    projection.batches.length = 0;
    await rebuilds.request('parcels', false);
    await rebuilt();
    expect(await harness.effects()).toEqual(ids);
    expect(projection.batches.flat()).toEqual(ids);
    expect(await stateOf('parcels')).toMatchObject({ lag: 0, leader: expect.any(String), is_rebuildable: true });
    expect((await stateOf('parcels')).rebuild_started_at).not.toBeNull();
  });

  it('goes on with events that are appended meanwhile', async () => {
    await rebuilds.request('parcels', false);
    ids = [...ids, ...(await harness.append('parcel.sent', 'parcel.lost'))];
    await rebuilt();
    expect(await harness.effects()).toEqual(ids);
  });

  it('loses and doubles nothing when the worker is killed in the reset and in its batches', async () => {
    projection.kills = 3;
    await rebuilds.request('parcels', false);
    await until(() => projection.kills === 0);
    await rebuilt();
    expect(await harness.effects()).toEqual(ids);
  });

  it('begins once for several requests', async () => {
    projection.batches.length = 0;
    projection.failures = 1;
    await Promise.all([1, 2, 3].map(() => rebuilds.request('parcels', false)));
    await rebuilt();
    expect(await harness.effects()).toEqual(ids);
    expect(projection.batches.flat()).toEqual(ids);
  });

  it('is not begun by a former leader', async () => {
    const other = await harness.startWorker(ParcelProjection);
    await rebuilds.request('parcels', false);
    // The cursor belongs to the next leader already, as when this one was frozen.
    await harness.database.rows(`UPDATE crm.event_cursors SET fence = 1000 WHERE name = 'projection/parcels'`);
    projection.batches.length = 0;
    await harness.database.rows(
      `UPDATE crm.leases SET token = 1000, expires_at = now() WHERE name = 'projection/parcels'`,
    );
    await rebuilt();
    expect(projection.batches).toEqual([]);
    expect(other.get(ParcelProjection).batches.flat()).toEqual(ids);
    expect(await harness.effects()).toEqual(ids);
  });

  it.each([
    ['nothing', 'projection_not_found'],
    ['postmen', 'projection_not_rebuildable'],
  ])('is refused for %s with %s', async (name, code) => {
    await expect(rebuilds.request(name, false)).rejects.toMatchObject({ code });
  });

  it('is refused when the first events are no longer stored, unless it may be partial', async () => {
    await harness.get(Database).query({ name: 'forget', text: 'SELECT crm.forget_events(10, now(), 100)' });
    await expect(rebuilds.request('parcels', false)).rejects.toMatchObject({
      code: 'log_incomplete',
      details: { oldest_position: '11' },
    });
    expect(await stateOf('parcels')).toMatchObject({ rebuild_requested_at: null });
    await rebuilds.request('parcels', true);
    await rebuilt();
    expect(await harness.effects()).toEqual(ids.slice(10));
  });

  it('keeps every event from the request on, however far the cursor was', async () => {
    await harness.database.rows(
      `UPDATE crm.projections SET rebuild_requested_at = now() WHERE name = 'postmen'; SELECT crm.forget_events(100, now(), 100)`,
    );
    const [row] = await harness.database.rows<{ first: string }>('SELECT min(position) AS first FROM crm.event_log');
    expect(row!.first).toBe('11');
  });
});
