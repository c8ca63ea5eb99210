import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment, until } from '#platform/testing';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { EventLog } from '../outbox/event-log.js';
import { EventType } from '../events/event-type.js';
import { MessagingModule } from '../messaging.module.js';
import { NOW, PARCEL_MOVED } from '../publishing/parcel.fixture.js';
import { Projection } from './projection.js';
import type { ReceivedEvent } from '../subscribing/subscriber.js';

const EFFECT = statement('INSERT INTO public.effects (event_id) SELECT unnest($1::uuid[])');

/** Counts events of parcels; throws after its effect while it is set to fail. */
@Injectable()
class ParcelProjection extends Projection {
  readonly name = 'parcels';
  readonly types = ['parcel.*'];
  failures = 0;
  readonly batches: (readonly string[])[] = [];

  constructor(private readonly database: Database) {
    super();
  }

  async project(events: readonly ReceivedEvent[]): Promise<void> {
    const ids = events.map(({ id }) => id);
    this.batches.push(ids);
    await this.database.query(EFFECT, [ids]);
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new RangeError('not now');
  }
}

describe('a projection', () => {
  let database: TestDatabase;
  const apps: INestApplicationContext[] = [];

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS, { isScripted: true });
    await database.rows('CREATE TABLE public.effects (number bigint GENERATED ALWAYS AS IDENTITY, event_id uuid)');
    await start();
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await database.drop();
  });

  async function start(): Promise<INestApplicationContext> {
    const app = await startTestModule(testEnvironment({ databaseUrl: database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: false })],
      providers: [ParcelProjection],
    });
    apps.push(app);
    return app;
  }

  /** Appends one event of each type, in one transaction; returns their ids. */
  async function append(...types: readonly string[]): Promise<string[]> {
    const ids = types.map(() => newId());
    const facts = types.map((key, index) =>
      new EventType({ ...PARCEL_MOVED.declaration, key, data: Object }).fact({}, { id: ids[index]! }),
    );
    const change = { stream: `parcels/${newId()}`, actorId: null, audience: [], events: facts };
    const app = apps[0]!;
    await app.get(UnitOfWork).run(() => app.get(EventLog).append([change], NOW));
    return ids;
  }

  const effects = async (): Promise<string[]> =>
    (await database.rows<{ event_id: string }>('SELECT event_id FROM public.effects ORDER BY number')).map(
      ({ event_id }) => event_id,
    );

  const isRead = async (): Promise<boolean> => {
    const atTheEnd = `SELECT FROM crm.event_cursors c WHERE c.name = 'projection/parcels' AND NOT EXISTS (
      SELECT FROM crm.event_log e WHERE e.position IS NULL OR e.position > c.position)`;
    return (await database.rows(atTheEnd)).length > 0;
  };

  it('receives the events of its types once, in the order of their positions, and moves past the others', async () => {
    const ids = await append('parcel.sent', 'letter.sent', 'parcel.moved', 'letter.moved');
    await until(isRead);
    expect(await effects()).toEqual([ids[0], ids[2]]);
  });

  it('retries a batch that failed, whose effects were rolled back with the cursor', async () => {
    const before = await effects();
    const projection = apps[0]!.get(ParcelProjection);
    projection.failures = 2;
    const ids = await append('parcel.lost');
    await until(isRead);
    expect(await effects()).toEqual([...before, ...ids]);
    expect(projection.batches.slice(-3)).toEqual([ids, ids, ids]);
  });

  it('is read by one of two workers, and by the other when the lease expires', async () => {
    const before = await effects();
    const other = await start();
    const ids = await append('parcel.found');
    await until(isRead);
    expect(other.get(ParcelProjection).batches).toEqual([]);
    const expire = `UPDATE crm.leases SET expires_at = now() WHERE name = 'projection/parcels' RETURNING token`;
    await until(async () => (await database.rows<{ token: string }>(expire))[0]!.token !== '1');
    const more = await append('parcel.returned');
    await until(isRead);
    expect(await effects()).toEqual([...before, ...ids, ...more]);
  });
});
