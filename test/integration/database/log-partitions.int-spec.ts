import { LogPartitions, LogReader } from '#platform/messaging';
import { Database, runMigrations } from '#platform/persistence';
import {
  createTestDatabase,
  startTestApplication,
  type TestApplication,
  type TestDatabase,
  testEnvironment,
  type TestUser,
  until,
} from '#platform/testing';
import { WorkerModule } from '../../../apps/worker/src/worker.module.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { Crm } from '../../support/crm.js';

const OLDER = MIGRATIONS.slice(
  0,
  MIGRATIONS.findIndex(({ name }) => name.startsWith('EventFeed')),
);

/** Three deals with a year of history, every event but the last ones with its position. */
const HISTORY = `
  INSERT INTO crm.clients (id, name, kind, status, version, created_at, updated_at)
    VALUES (md5('client')::uuid, 'c', 'person', 'active', 1, now(), now());
  INSERT INTO crm.deals (id, client_id, title, status, next_review_at, version, created_at, updated_at)
    SELECT md5(n::text)::uuid, md5('client')::uuid, 't', 'qualification', now(), 1, now(), now() FROM generate_series(1, 3) AS n;
  SELECT crm.append_changes(jsonb_build_array(jsonb_build_object('stream', 'deals/' || d.id, 'deal_id', d.id,
    'audience', '[]'::jsonb, 'entry', jsonb_build_object('id', gen_random_uuid(), 'kind', 'system', 'body', 'x', 'data', '{}'::jsonb),
    'events', jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'type', 'deal.updated', 'data', '{}'::jsonb)))), NULL, at)
  FROM generate_series(timestamptz '2025-01-05 00:00Z', timestamptz '2025-12-31 23:59Z', interval '3 days') AS at, crm.deals d;
  UPDATE crm.event_log e SET position = p.n FROM (SELECT id, row_number() OVER (ORDER BY seq) AS n FROM crm.event_log) AS p
    WHERE p.id = e.id AND p.n <= 300;
  UPDATE crm.event_cursors SET position = 300 WHERE name = 'sequencer';`;
const CONTENT = `
  SELECT (SELECT md5(string_agg(row(e.id, e.seq, e.position, e.stream, e.stream_version, e.journal_seq, e.type, e.time, e.deal_id,
            e.audience, e.data)::text, '|' ORDER BY e.seq)) FROM crm.event_log e) AS log,
         (SELECT md5(string_agg(row(j.id, j.deal_id, j.seq, j.kind, j.author_id, j.body, j.data, j.hash, j.prev_hash, j.created_at)::text,
            '|' ORDER BY j.deal_id, j.seq)) FROM crm.journals j) AS journals`;
const BROKEN_HASHES = `
  SELECT FROM crm.journals
  WHERE hash <> crm.journal_hash(prev_hash, deal_id, seq, id, kind, author_id, body, data, created_at)`;

describe('the partitions of log and journals', () => {
  let crm: Crm;
  let seller: TestUser;
  let dealId: string;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    ({ id: dealId } = await crm.deal(seller));
  });
  afterAll(() => crm.stop());

  const partitionOf = async (table: string, condition: string, values: readonly unknown[]) =>
    (
      await crm.database.rows<{ name: string }>(
        `SELECT DISTINCT tableoid::regclass::text AS name FROM crm.${table} WHERE ${condition} ORDER BY 1`,
        values,
      )
    ).map(({ name }) => name.split('.').at(-1)!);
  const addPartition = async (table: string, month: string) =>
    (await crm.database.rows<{ added: boolean }>('SELECT crm.add_partition($1, $2) AS added', [table, month]))[0]!
      .added;
  const noteAt = async (time: string, body: string, of = dealId) => {
    crm.clock.set(time);
    expect(await seller.post(`/deals/${of}/journal`, { body })).toMatchObject({ status: 201, body: { body } });
  };

  it('contain earlier rows unchanged, by month, and positions continue', async () => {
    const database = await createTestDatabase(OLDER, { isScripted: true });
    await database.rows(HISTORY);
    const before = await database.rows(CONTENT);
    await runMigrations(database.url, MIGRATIONS);
    expect(await database.rows(CONTENT)).toEqual(before);
    expect(await database.rows(BROKEN_HASHES)).toEqual([]);
    const [{ months, seq }] = (await database.rows<{ months: number; seq: string }>(
      `SELECT count(DISTINCT tableoid)::int AS months, max(seq) AS seq FROM crm.event_log`,
    )) as [{ months: number; seq: string }];
    expect(months).toBe(12);
    expect(await database.rows('SELECT FROM crm.event_log_default UNION ALL SELECT FROM crm.journals_default')).toEqual(
      [],
    );
    await append(database);
    expect(await database.rows('SELECT max(seq) AS seq FROM crm.event_log')).toEqual([
      { seq: String(Number(seq) + 1) },
    ]);
    await database.drop();
  });

  const append = (database: TestDatabase) =>
    database.rows(
      `SELECT crm.append_to_streams(jsonb_build_array(jsonb_build_object('stream', 'clients/x', 'audience', '[]'::jsonb,
        'at', now(), 'events', '[{"id": "019ab0c4-7d11-7cc2-a0a1-6d5d2c6b3f0e", "type": "client.created", "data": {}}]'::jsonb)))`,
    );

  it('accept rows of any time, and receive the rows of a month when its partition is created', async () => {
    await noteAt('1999-05-05T00:00:00.000Z', 'long ago');
    await noteAt('2001-05-05T00:00:00.000Z', 'later');
    await noteAt('2001-05-31T23:59:59.999Z', 'at the end of the month');
    await noteAt('2001-06-01T00:00:00.000Z', 'in the next');
    expect(await partitionOf('journals', 'deal_id = $1', [dealId])).toEqual(['journals_default']);
    const before = await crm.database.rows(CONTENT);
    for (const table of ['journals', 'event_log']) {
      expect(await addPartition(table, '2001-05-01')).toBe(true);
      expect(await addPartition(table, '2001-05-01')).toBe(false);
    }
    expect(await crm.database.rows(CONTENT)).toEqual(before);
    expect(await partitionOf('journals', `body IN ('later', 'at the end of the month')`, [])).toEqual([
      'journals_2001_05',
    ]);
    expect(await partitionOf('journals', `body IN ('long ago', 'in the next')`, [])).toEqual(['journals_default']);
    expect(await partitionOf('event_log', `time >= '2001-05-01' AND time < '2001-06-01'`, [])).toEqual([
      'event_log_2001_05',
    ]);
    await noteAt('2001-05-20T00:00:00.000Z', 'after that');
    expect(await partitionOf('journals', `body = 'after that'`, [])).toEqual(['journals_2001_05']);
    const verdict = await seller.get(`/deals/${dealId}/journal/verify`);
    expect(verdict.body).toEqual({ valid: true, entries: 6, broken_at: null });
  });

  it('refuse changes of a journal, also directly on a partition', async () => {
    await addPartition('journals', '2001-07-01');
    await noteAt('2001-07-05T00:00:00.000Z', 'in July');
    const before = await crm.database.rows(CONTENT);
    for (const table of ['journals', 'journals_default', 'journals_2001_05', 'journals_2001_07']) {
      for (const sql of [`UPDATE crm.${table} SET body = 'x'`, `DELETE FROM crm.${table}`, `TRUNCATE crm.${table}`]) {
        await expect(crm.database.rows(sql)).rejects.toThrow(/append-only/);
      }
    }
    expect(await crm.database.rows(CONTENT)).toEqual(before);
  });

  it('refuse a duplicate number within a month', async () => {
    const again = (columns: string, change: string) =>
      crm.database.rows(
        `INSERT INTO crm.event_log (${columns}, type, time, audience, data)
         SELECT ${change}, type, time, audience, data FROM crm.event_log WHERE deal_id = $1 LIMIT 1`,
        [dealId],
      );
    await crm.database.rows('UPDATE crm.event_log SET position = seq WHERE deal_id = $1', [dealId]);
    const twice = (key: string) => new RegExp(`event_log_\\w+_${key}`);
    await expect(again('id, stream, stream_version', `id, 'x', 1`)).rejects.toThrow(twice('pkey'));
    await expect(again('id, stream, stream_version', 'gen_random_uuid(), stream, stream_version')).rejects.toThrow(
      twice('stream_version_key'),
    );
    await expect(again('id, position, stream, stream_version', `gen_random_uuid(), position, 'x', 1`)).rejects.toThrow(
      twice('position_key'),
    );
    await crm.database.rows('UPDATE crm.event_log SET position = NULL WHERE deal_id = $1', [dealId]);
  });

  it('are created later when a long transaction blocks them', async () => {
    const other = await crm.deal(seller);
    await crm.database.undone(async (client) => {
      await client.query('UPDATE crm.deals SET title = title WHERE id = $1', [dealId]);
      await expect(addPartition('journals', '2001-08-01')).rejects.toThrow('lock timeout');
      await noteAt('2001-08-05T00:00:00.000Z', 'meanwhile', other.id);
    });
    expect(await partitionOf('journals', `body = 'meanwhile'`, [])).toEqual(['journals_default']);
    expect(await addPartition('journals', '2001-08-01')).toBe(true);
    expect(await partitionOf('journals', `body = 'meanwhile'`, [])).toEqual(['journals_2001_08']);
  });

  describe('of future months', () => {
    let worker: TestApplication;

    beforeAll(async () => {
      worker = await startTestApplication(WorkerModule.forRoot(testEnvironment({ databaseUrl: crm.database.url })));
    });
    afterAll(() => worker.close());

    const readiness = async () => {
      const answer = await worker.inject({ method: 'GET', url: '/health/ready' });
      return { status: answer.statusCode, body: answer.body };
    };
    const names = async () => {
      const rows = await crm.database.rows<{ name: string }>(
        `SELECT parent || to_char(month, '_YYYY_MM') AS name FROM crm.missing_partitions(3)`,
      );
      return rows.map(({ name }) => name);
    };

    /** The job of the day runs at the start, and would create the partition that the test drops. */
    const isJobDone = async () => {
      const [jobs] = await crm.database.rows<{ is_done: boolean }>(
        `SELECT EXISTS (SELECT FROM crm.job_schedules WHERE name = 'add-partitions')
           AND NOT EXISTS (SELECT FROM crm.job_requests WHERE name = 'add-partitions' AND state = 'pending') AS is_done`,
      );
      return jobs?.is_done;
    };

    it('exist in advance, and the worker is not ready without them', async () => {
      await until(isJobDone);
      expect(await names()).toEqual([]);
      const partitions = worker.nest.get(LogPartitions);
      await partitions.require();
      expect((await readiness()).status).toBe(200);
      const [{ month }] = (await crm.database.rows<{ month: string }>(
        `SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM') AS month`,
      )) as [{ month: string }];
      await crm.database.rows(`DROP TABLE crm.event_log_${month}`);
      await expect(partitions.require()).rejects.toThrow(
        `crm.event_log has no partition for ${month.replace('_', '-')}`,
      );
      expect(await readiness()).toMatchObject({ status: 503, body: expect.stringContaining('partitions') });
      await Promise.all([partitions.add(), partitions.add(), partitions.add()]);
      expect(await names()).toEqual([]);
      expect((await readiness()).status).toBe(200);
    });
  });

  it('are read in one order across months', async () => {
    const ids = await crm.database.rows<{ id: string }>('SELECT id FROM crm.event_log ORDER BY seq');
    await crm.database.rows(
      `UPDATE crm.event_log e SET position = p.n FROM (SELECT id, row_number() OVER (ORDER BY seq) AS n FROM crm.event_log) AS p
       WHERE p.id = e.id`,
    );
    await crm.database.rows(`UPDATE crm.event_cursors SET position = $1 WHERE name = 'sequencer'`, [ids.length]);
    const reader = new LogReader(crm.api.nest.get(Database));
    const read = [];
    for (
      let more = await reader.readAfter(0n, 2);
      more.length > 0;
      more = await reader.readAfter(read.at(-1)!.position, 2)
    ) {
      read.push(...more);
    }
    expect(read.map(({ id }) => id)).toEqual(ids.map(({ id }) => id));
  });
});
