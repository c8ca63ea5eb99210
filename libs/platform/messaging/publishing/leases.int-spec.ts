import { Lease } from '#platform/persistence';
import { createTestDatabase, type TestDatabase, until } from '#platform/testing';
import pg from 'pg';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { EventCursor } from './event-cursor.js';
import { SEQUENCE } from './sequencer.js';

describe('a lease', () => {
  let database: TestDatabase;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS, { isScripted: true });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await database.rows('DELETE FROM crm.leases');
  });

  afterAll(() => database.drop());

  async function connected(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  const expire = (name: string) =>
    database.rows(`UPDATE crm.leases SET expires_at = clock_timestamp() WHERE name = $1`, [name]);

  it('is held by one process, and free at once when that one releases it', async () => {
    const [one, other] = [await connected(), await connected()];
    const lease = await Lease.tryAcquire(one, 'work');
    expect(lease).toMatchObject({ token: '1', isCurrent: true });
    expect(await Lease.tryAcquire(other, 'work')).toBeUndefined();
    await lease!.release();
    expect(lease!.isCurrent).toBe(false);
    const next = await Lease.tryAcquire(other, 'work');
    expect(next).toMatchObject({ token: '2', isCurrent: true });
    await next!.release();
  });

  it('is free at once when the session of its holder has ended', async () => {
    const [one, other] = [await connected(), await connected()];
    const lease = await Lease.tryAcquire(one, 'work');
    await one.end();
    expect(lease!.lost.aborted).toBe(true);
    const session = 'SELECT FROM pg_stat_activity a JOIN crm.leases l ON l.backend_pid = a.pid';
    await until(async () => (await database.rows(session)).length === 0);
    const next = await Lease.tryAcquire(other, 'work');
    expect(next).toMatchObject({ token: '2' });
    await next!.release();
  });

  it('passes on when it expires: the former holder moves no cursor and gives no position', async () => {
    const [one, other] = [await connected(), await connected()];
    const former = (await Lease.tryAcquire(one, 'sequencer'))!;
    await EventCursor.open(one, 'sequencer', former);
    const cursor = await EventCursor.open(one, 'reader', former);
    await cursor.advance(5n, 0);
    await expire('sequencer');
    const holder = (await Lease.tryAcquire(other, 'sequencer'))!;
    await EventCursor.open(other, 'sequencer', holder);
    const next = await EventCursor.open(other, 'reader', holder);
    expect(next.position).toBe(5n);
    await database.rows(
      `SELECT crm.append_to_streams('[{"stream": "deals/1", "audience": [], "at": "2026-03-02T06:00:00Z",
         "events": [{"id": "00000000-0000-7000-8000-000000000001", "type": "deal.updated", "data": {}}]}]')`,
    );
    await expect(cursor.advance(6n, 0)).rejects.toThrow('another process leads now');
    await expect(EventCursor.open(one, 'reader', former)).rejects.toThrow('another process leads now');
    expect((await one.query({ text: SEQUENCE.text, values: [former.token] })).rows).toEqual([]);
    const positions = `SELECT name, position FROM crm.event_cursors WHERE name IN ('reader', 'sequencer') ORDER BY name`;
    expect(await database.rows(positions)).toEqual([
      { name: 'reader', position: '5' },
      { name: 'sequencer', position: '0' },
    ]);
    await former.release();
    const [lease] = await database.rows(`SELECT token, expires_at > now() AS is_held FROM crm.leases`);
    expect(lease).toEqual({ token: '2', is_held: true });
    expect((await other.query({ text: SEQUENCE.text, values: [holder.token] })).rows).toMatchObject([{ count: 1 }]);
    await next.advance(6n, 0);
    await holder.release();
  });
});
