/** The data of every workload; see data.sql. Ids are computed from numbers that begin at 0. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SCRIPT = readFileSync(new URL('data.sql', import.meta.url), 'utf8');

/** Fingerprint of stored data that equal the output of this script. */
export const BOOK_VERSION = createHash('sha256').update(SCRIPT).digest('hex').slice(0, 12);

/** Number of sellers; deal n belongs to seller n % SELLERS. */
export const SELLERS = 200;

const id = (kind, n) => `01900000-0000-7000-800${kind}-${String(n).padStart(12, '0')}`;

export const sellerId = (n) => id(0, n);
export const clientId = (n) => id(1, n);
export const dealId = (n) => id(2, n);
/** Deal n has the payments 2n, which has lines, and 2n + 1. */
export const paymentId = (n) => id(3, n);

/** Number of clients for so many deals. */
export const clientsOf = (deals) => Math.floor((deals * 2) / 5);
/** The seller of client or deal n. */
export const sellerOf = (n) => n % SELLERS;

/** Tables whose indexes are created after their rows. */
const TABLES = ['clients', 'deals', 'payments', 'payment_incomes', 'payment_expenses', 'event_log'];

/** Queries that must return no rows on consistent data. */
const FAULTS = {
  totals: `
    SELECT count(*) FROM crm.payments p
      LEFT JOIN (SELECT payment_id, sum(amount) AS sum FROM crm.payment_incomes GROUP BY 1) i ON i.payment_id = p.id
      LEFT JOIN (SELECT payment_id, sum(amount) AS sum FROM crm.payment_expenses GROUP BY 1) e ON e.payment_id = p.id
    WHERE p.incomes_total <> coalesce(i.sum, 0) OR p.expenses_total <> coalesce(e.sum, 0)`,
  'hash chains': `
    SELECT count(*) FROM (SELECT *, lag(hash) OVER (PARTITION BY deal_id ORDER BY seq) AS before FROM crm.journals) j
    WHERE j.prev_hash <> coalesce(j.before, decode(repeat('00', 32), 'hex')) OR j.hash <> crm.journal_hash(
      j.prev_hash, j.deal_id, j.seq, j.id, j.kind, j.author_id, j.body, j.data, j.created_at)`,
  'heads of streams': `
    SELECT count(*) FROM crm.event_streams s LEFT JOIN (
      SELECT stream, max(stream_version) AS version, count(*) AS count FROM crm.event_log GROUP BY 1) l USING (stream)
    WHERE l.version IS DISTINCT FROM s.version OR l.count <> s.version`,
  'positions of events': `
    SELECT abs(count(*) - max(position)) + abs(1 - min(position)) AS count FROM crm.event_log`,
};

/**
 * Fills a migrated, empty database.
 * @param {import('pg').Client} client of a superuser, to be closed afterwards
 * @param {number} deals
 * @throws {Error} when the data are inconsistent
 */
export async function loadBook(client, deals) {
  await client.query(`SELECT set_config('bench.deals', $1, false), set_config('timezone', 'UTC', false)`, [
    String(deals),
  ]);
  const indexes = await dropIndexes(client);
  for (const statement of SCRIPT.split(/^-{8}$/m)) await client.query(statement);
  for (const definition of indexes) await client.query(definition);
  await client.query('VACUUM ANALYZE');
  for (const [name, sql] of Object.entries(FAULTS)) {
    const { rows } = await client.query(sql);
    if (rows[0].count !== '0') throw new Error(`the book's ${name} are wrong: ${rows[0].count} of them`);
  }
  await client.query('CHECKPOINT');
}

/** Drops non-unique indexes during the load. @returns {Promise<string[]>} statements that create them again */
async function dropIndexes(client) {
  const { rows } = await client.query(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
     WHERE t.relnamespace = 'crm'::regnamespace AND t.relname = ANY ($1) AND NOT i.indisunique`,
    [TABLES],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition.replace(' ON ONLY ', ' ON '));
}
