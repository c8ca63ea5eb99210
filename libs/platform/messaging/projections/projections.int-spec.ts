import { until } from '#platform/testing';
import { ParcelProjection, ProjectionHarness } from './projections.fixture.js';
import { readerLags } from '../publishing/log-lag.js';

/** Another projection of the same events, added by a later release. */
class LaterProjection extends ParcelProjection {
  override readonly name = 'later';
}

describe('a projection', () => {
  let harness: ProjectionHarness;

  beforeAll(async () => {
    harness = await ProjectionHarness.start();
  });
  afterAll(() => harness.stop());

  it('receives the events of its types once, in the order of their positions, and moves past the others', async () => {
    const ids = await harness.append('parcel.sent', 'letter.sent', 'parcel.moved', 'letter.moved');
    await until(() => harness.isRead());
    expect(await harness.effects()).toEqual([ids[0], ids[2]]);
  });

  it('retries a batch that failed, whose effects were rolled back with the cursor', async () => {
    const before = await harness.effects();
    const projection = harness.get(ParcelProjection);
    projection.failures = 2;
    const ids = await harness.append('parcel.lost');
    await until(() => harness.isRead());
    expect(await harness.effects()).toEqual([...before, ...ids]);
    expect(projection.batches.slice(-3)).toEqual([ids, ids, ids]);
  });

  it('is read by one of two workers, and by the other when the lease expires', async () => {
    const before = await harness.effects();
    const other = await harness.startWorker(ParcelProjection);
    const ids = await harness.append('parcel.found');
    await until(() => harness.isRead());
    expect(other.get(ParcelProjection).batches).toEqual([]);
    const expire = `UPDATE crm.leases SET expires_at = now() WHERE name = 'projection/parcels' RETURNING token`;
    await until(async () => (await harness.database.rows<{ token: string }>(expire))[0]!.token !== '1');
    const more = await harness.append('parcel.returned');
    await until(() => harness.isRead());
    expect(await harness.effects()).toEqual([...before, ...ids, ...more]);
  });

  it('starts before the first event when its name is new', async () => {
    const ids = await harness.effects();
    const later = await harness.startWorker(LaterProjection);
    await until(() => harness.isRead('later'));
    expect(later.get(LaterProjection).batches.flat()).toEqual(ids);
  });

  it('has its lag measured as other readers of the log', async () => {
    await harness.append('parcel.weighed');
    await until(() => harness.isRead());
    const lagOf = async (reader: string) =>
      (await readerLags((statement) => harness.database.rows(statement.text))).find(({ name }) => name === reader);
    expect(await lagOf('projection/parcels')).toEqual({ name: 'projection/parcels', lag: 0, age: 0 });
  });
});
