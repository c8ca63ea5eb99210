import type { TestDatabase } from '#platform/testing';
import pg from 'pg';

/** Rows of each table: enough to distinguish a sequential scan from an index scan. */
export const BOOK_SIZE = 10_000;

/** Ids of the rows that are copied. */
export interface Originals {
  readonly clients: string;
  readonly deals: string;
  readonly quotes: string;
  readonly policies: string;
  readonly payments: string;
  readonly payment_incomes: string;
  readonly payment_expenses: string;
  readonly document_links: string;
}

type Table = keyof Originals;

/** UUID of the g-th copy of a table's row. */
export function copyOf(table: Table, number: number | string): string {
  return `md5('${table}' || ${number})::uuid`;
}

/** Number of users who own equal parts of the rows. */
const OWNERS = 50;
const person = (salt: string): string => `md5('${salt}' || g % ${OWNERS})::uuid`;

/** Columns in which a copy differs; the g-th copy of a table refers to the g-th copies of others. */
const CHANGES: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  clients: {
    name: `'Клиент ' || g || ' ' || md5(g::text)`,
    email: `'client' || g || '@example.com'`,
    email_key: `'client' || g || '@example.com'`,
    phone: `'+7900' || (1000000 + g)`,
    phone_key: `'+7900' || (1000000 + g)`,
    owner_id: person('owner'),
    created_at: `x.created_at - g * interval '1 minute'`,
  },
  deals: {
    client_id: copyOf('clients', 'g'),
    title: `'КАСКО ' || g || ' ' || md5(g::text)`,
    owner_id: person('owner'),
    executor_id: person('executor'),
    status: `(ARRAY['qualification', 'in_progress', 'proposal'])[1 + g % 3]`,
    next_review_at: `x.next_review_at + g % 700`,
    updated_at: `x.updated_at - g * interval '1 minute'`,
  },
  quotes: { deal_id: copyOf('deals', 'g'), created_at: `x.created_at - g * interval '1 minute'` },
  policies: {
    client_id: copyOf('clients', 'g'),
    deal_id: `CASE WHEN g % 5 > 0 THEN ${copyOf('deals', 'g')} END`,
    owner_id: person('owner'),
    policy_number: `'COPY-' || g`,
    number_key: `'COPY' || g`,
    effective_from: `x.effective_from + g % 700`,
    effective_to: `x.effective_to + g % 700`,
    created_at: `x.created_at - g * interval '1 minute'`,
  },
  payments: {
    deal_id: copyOf('deals', 'g'),
    planned_date: `x.planned_date + g % 700`,
    incomes_total: '5',
    expenses_total: '2',
    version: '3',
  },
  payment_incomes: { payment_id: copyOf('payments', 'g'), amount: '5' },
  payment_expenses: { payment_id: copyOf('payments', 'g'), amount: '2' },
  document_links: { owner_id: copyOf('deals', 'g'), document_id: 'gen_random_uuid()' },
};

/** Journal and log of the copied deals: one entry and one event each. */
const HISTORY = `
  INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
    SELECT gen_random_uuid(), ${copyOf('deals', 'g')}, 1, kind, author_id, body, data, hash, prev_hash, created_at
    FROM (SELECT * FROM crm.journals WHERE seq = 1 LIMIT 1) AS x, generate_series(1, ${BOOK_SIZE}) AS g;
  INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
    SELECT 'deals/' || ${copyOf('deals', 'g')}, 1, 1, journal_prev_hash, journal_hash
    FROM (SELECT * FROM crm.event_streams WHERE journal_seq > 0 LIMIT 1) AS x, generate_series(1, ${BOOK_SIZE}) AS g;
  INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, deal_id, audience, data)
    SELECT gen_random_uuid(), 1000000 + g, 'deals/' || ${copyOf('deals', 'g')}, 1, type, time, ${copyOf('deals', 'g')},
      audience, data
    FROM (SELECT * FROM crm.event_log WHERE type = 'deal.created' LIMIT 1) AS x, generate_series(1, ${BOOK_SIZE}) AS g;
  INSERT INTO crm.payment_sequences (deal_id, policy_id, last)
    SELECT ${copyOf('deals', 'g')}, '00000000-0000-0000-0000-000000000000', 1 FROM generate_series(1, ${BOOK_SIZE}) AS g;
  UPDATE crm.event_cursors SET position = 1000000 + ${BOOK_SIZE} WHERE name = 'sequencer'`;

/** Copies every row of `originals` {@link BOOK_SIZE} times, with its dependent rows. */
export function fillBook(database: TestDatabase, originals: Originals): Promise<void> {
  return fill(database, async (client) => {
    for (const table of Object.keys(CHANGES) as Table[]) {
      await client.query(await copying(client, table, BOOK_SIZE, CHANGES[table]), [originals[table]]);
    }
    await client.query(HISTORY);
  });
}

/** Columns of the rows of {@link fillLists} that a list can be sorted or narrowed by. */
const LIST_CHANGES: Partial<typeof CHANGES> = {
  clients: { updated_at: `x.updated_at - g * interval '1 minute'` },
  deals: {
    created_at: `x.created_at - g * interval '1 minute'`,
    status: `CASE WHEN g % 4 = 0 THEN 'won' ELSE (ARRAY['qualification', 'in_progress', 'proposal'])[g % 4] END`,
    closed_at: `CASE WHEN g % 4 = 0 THEN x.updated_at - g * interval '1 minute' END`,
  },
  policies: { updated_at: `x.updated_at - g * interval '1 minute'` },
  payments: {
    created_at: `x.created_at - g * interval '1 minute'`,
    updated_at: `x.updated_at - g * interval '1 minute'`,
    policy_id: copyOf('policies', 'g'),
    actual_date: `CASE WHEN g % 4 = 0 THEN x.planned_date + g % 700 END`,
  },
};

/** An entry for each deal, a minute apart. */
const entries = (count: number): string => `
  INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
    SELECT gen_random_uuid(), ${copyOf('deals', 'g')}, 1, kind, author_id, body, data, hash, prev_hash,
      created_at - g * interval '1 minute'
    FROM (SELECT * FROM crm.journals WHERE seq = 1 LIMIT 1) AS x, generate_series(1, ${count}) AS g`;

/** Copies the rows of lists `count` times. Its indexes for searches are dropped: filling them takes most of the time. */
export function fillLists(database: TestDatabase, originals: Partial<Originals>, count: number): Promise<void> {
  return fill(database, async (client) => {
    await client.query('DROP INDEX crm.clients_search_idx, crm.deals_search_idx');
    for (const [table, id] of Object.entries(originals) as [Table, string][]) {
      const changes = { ...CHANGES[table], ...LIST_CHANGES[table] };
      await client.query(await copying(client, table, count, changes), [id]);
    }
    await client.query(entries(count));
  });
}

async function fill(database: TestDatabase, copy: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    // Triggers are off: the originals passed every rule; totals and hash chains of copies are not checked here.
    await client.query(`SET session_replication_role = replica`);
    await copy(client);
    await client.query('RESET session_replication_role');
    await client.query('VACUUM ANALYZE');
    // Cost of a random page read on an SSD.
    await client.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET random_page_cost = 1.1`);
  } finally {
    await client.end();
  }
}

async function copying(
  client: pg.Client,
  table: Table,
  count: number,
  changes: Readonly<Record<string, string>>,
): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'crm' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`,
    [table],
  );
  const columns = rows.map(({ name }) => name);
  const values: Readonly<Record<string, string>> = { id: copyOf(table, 'g'), ...changes };
  return `INSERT INTO crm.${table} (${columns.join(', ')})
    SELECT ${columns.map((name) => values[name] ?? `x.${name}`).join(', ')}
    FROM crm.${table} x, generate_series(1, ${count}) AS g WHERE x.id = $1`;
}
