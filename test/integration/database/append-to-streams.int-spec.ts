import fc from 'fast-check';
import { newId } from '#platform/kernel';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import type { ClientBase } from 'pg';
import { MIGRATIONS } from '../../../migrations/index.js';

const BEFORE = MIGRATIONS.slice(
  0,
  MIGRATIONS.findIndex(({ name }) => name.startsWith('AppendDistinctStreams')),
);

const DEALS = Array.from({ length: 80 }, newId);
const CLIENTS = Array.from({ length: 10 }, newId);
const USERS = Array.from({ length: 3 }, newId);

const BOOK = `
  INSERT INTO crm.clients (id, name, kind, status, version, created_at, updated_at)
    VALUES (md5('client')::uuid, 'c', 'person', 'active', 1, now(), now());
  INSERT INTO crm.deals (id, client_id, title, status, next_review_at, version, created_at, updated_at)
    SELECT id, md5('client')::uuid, 't', 'qualification', now(), 1, now(), now()
    FROM unnest('{${DEALS.join(',')}}'::uuid[]) AS id;
`;

interface Draft {
  readonly place: number;
  readonly entry: boolean;
  readonly body: string;
  readonly data: unknown;
  readonly audiences: readonly (readonly string[] | undefined)[];
  readonly actor: string | null;
}

const drafts = fc.record({
  place: fc.nat(DEALS.length + CLIENTS.length - 1),
  entry: fc.boolean(),
  body: fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('a', '"', '\\', 'Ё', '😀') }),
  data: fc.jsonValue({ maxDepth: 2 }),
  audiences: fc.array(fc.option(fc.subarray(USERS), { nil: undefined }), { maxLength: 3 }),
  actor: fc.option(fc.constantFrom(...USERS)),
});

/** A change of a deal, or of a client, whose stream has no journal. */
function changeOf({ place, entry, body, data, audiences, actor }: Draft) {
  const deal = DEALS[place];
  const client = CLIENTS[place - DEALS.length];
  const hasEntry = entry && deal !== undefined;
  return {
    stream: deal ? `deals/${deal}` : `clients/${client}`,
    deal_id: deal,
    client_id: client,
    actor_id: actor,
    audience: USERS.slice(1),
    at: '2026-11-23T09:30:00.123Z',
    ...(hasEntry && { entry_id: newId(), entry_kind: 'system', entry_body: body, entry_data: { data } }),
    events: audiences.map((audience) => ({ id: newId(), type: 'deal.updated', audience, data: { data } })),
  };
}

type Changes = readonly ReturnType<typeof changeOf>[];

describe('crm.append_to_streams', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    const older = await createTestDatabase(BEFORE);
    const [before] = await older.rows<{ sql: string }>(
      `SELECT pg_get_functiondef('crm.append_to_streams(jsonb)'::regprocedure) AS sql`,
    );
    await older.drop();
    database = await createTestDatabase(MIGRATIONS);
    await database.rows(BOOK);
    await database.rows(before!.sql.replace('crm.append_to_streams', 'crm.append_before'));
  });
  afterAll(() => database.drop());

  const append = (client: ClientBase, name: string, changes: Changes) =>
    client.query(`SELECT stream, version, journal_seq FROM crm.${name}($1::jsonb)`, [JSON.stringify(changes)]);

  /** What is returned and stored when the changes are appended call by call; nothing of it stays. */
  const stored = (name: string, calls: readonly Changes[]): Promise<unknown> =>
    database.undone(async (client) => {
      const heads: unknown[] = [];
      for (const changes of calls) heads.push(...(await append(client, name, changes)).rows);
      const { rows } = await client.query(`
        SELECT (SELECT jsonb_agg(s ORDER BY s.stream) FROM crm.event_streams s) AS streams,
          (SELECT jsonb_agg(j ORDER BY j.id) FROM crm.journals j) AS entries,
          (SELECT jsonb_agg(to_jsonb(e) - 'seq' - 'appended_at' ORDER BY e.seq) FROM crm.event_log e) AS events`);
      return { heads, rows };
    });

  const lists = (isDistinct: boolean) =>
    isDistinct
      ? fc.uniqueArray(drafts, { maxLength: 70, selector: ({ place }) => place, size: 'max' })
      : fc.array(drafts, { maxLength: 12 });

  it.each([true, false])(
    'stores the same rows and hashes as the function before it (distinct streams: %s)',
    async (isDistinct) => {
      await fc.assert(
        fc.asyncProperty(lists(false), lists(isDistinct), async (first, second) => {
          const calls = [first, second].map((list) => list.map(changeOf));
          expect(await stored('append_to_streams', calls)).toEqual(await stored('append_before', calls));
        }),
        { numRuns: 60 },
      );
    },
  );

  it('stores the same rows and hashes in one call as in one for each change', async () => {
    await fc.assert(
      fc.asyncProperty(lists(false), async (list) => {
        const changes = list.map(changeOf);
        const one = changes.map((change) => [change]);
        expect(await stored('append_to_streams', [changes])).toEqual(await stored('append_to_streams', one));
      }),
      { numRuns: 30 },
    );
  });
});
