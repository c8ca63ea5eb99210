/** Before anything is timed: do two contestants answer the same, and leave the same rows behind? */
import { clientId, clientsOf, dealId } from './data.mjs';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** Ids of the book's people and clients: facts, not made by who answered. */
const KNOWN = /^01900000-0000-7000-800[01]-/;
/** What differs from one deal of the book to another. */
const OF_DEAL = new Set(['planned_date', 'planned_amount']);
const INSTANT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)/g;
const HASH = /\\\\x[0-9a-f]{64}/g;
const TRACE = /00-[0-9a-f]{32}-[0-9a-f]{16}-01/g;

/** Tables with what belongs to one deal. */
const TABLES = {
  deals: 'id = $1',
  event_streams: `stream = 'deals/' || $1::uuid`,
  journals: 'deal_id = $1',
  event_log: 'deal_id = $1',
  payments: 'deal_id = $1',
  payment_incomes: 'payment_id IN (SELECT id FROM crm.payments WHERE deal_id = $1)',
};

/**
 * @param {{ name: string, program: { url: string } }[]} contestants all who speak this service's API
 * @param {import('./requests.mjs').Requests} requests
 * @param {import('./environment.mjs').Book} book
 * @throws {Error} that shows the first difference
 */
export async function requireEqual(contestants, requests, book) {
  const [first, ...others] = contestants;
  const reads = [requests.getDeal(7), requests.getDeal(10), requests.listDeals('30d'), requests.listDeals('90d')];
  if (requests.pages.length > 0) reads.push(requests.listDealsDeep());
  for (const read of reads) {
    const expected = await send(first, read);
    for (const other of others) same(other.name, read.path, (await send(other, read)).body, expected.body);
  }
  const written = [];
  // Deals of the same kind, with the same people and no lines on the second payment: one for each of them.
  for (const [place, contestant] of contestants.entries()) written.push(await write(contestant, requests, book, place));
  for (const [place, other] of others.entries()) same(other.name, 'rows written', written[place + 1], written[0]);
}

async function write(contestant, requests, book, place) {
  const n = 400 * (place + 1) + 1;
  requests.number = 0;
  const created = await send(contestant, requests.createDeal(5));
  const before = await rowsOf(book, dealId(n));
  const income = await send(contestant, requests.addIncome(n));
  const after = await rowsOf(book, dealId(n));
  await requireTrueChain(contestant.name, book, dealId(n));
  await requireTrueChain(contestant.name, book, created.raw.id);
  const grown = Object.fromEntries(Object.entries(after).map(([table, rows]) => [table, rows.length - before[table].length]));
  const client = clientId(n % clientsOf(requests.deals));
  return {
    created: created.body,
    income: masked(income.raw, client),
    deal: masked(await rowsOf(book, created.raw.id)),
    grown,
    journal: masked(after.journals.at(-1), client),
    events: masked(after.event_log.slice(-2), client),
    payment: masked(after.payments[1], client),
  };
}

async function send({ program }, request) {
  const answer = await fetch(`${program.url}/api/v1${request.path}`, {
    method: request.method,
    headers: { authorization: request.authorization, ...(request.body && { 'content-type': 'application/json' }) },
    body: request.body,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${request.method} ${request.path}: ${answer.status} ${text}`);
  const raw = JSON.parse(text);
  // Text for text, order of members included.
  return { raw, body: request.body ? masked(raw) : text };
}

async function rowsOf(book, id) {
  const rows = {};
  for (const [table, condition] of Object.entries(TABLES)) {
    const order = table === 'event_log' ? 'stream_version' : table === 'journals' ? 'seq' : '1';
    const found = await book.query(`SELECT to_jsonb(t) AS row FROM crm.${table} t WHERE ${condition} ORDER BY ${order}`, [id]);
    rows[table] = found.map(({ row: { seq: _seq, position: _position, ...row } }) => row);
  }
  return rows;
}

/** Without what differs from one writing to the next. @param client whose id stands for itself */
function masked(value, client) {
  const text = JSON.stringify(value, (key, member) => (OF_DEAL.has(key) ? '<own>' : member))
    .replace(UUID, (id) => (KNOWN.test(id) && id !== client ? id : '<id>'))
    .replace(INSTANT, '<instant>')
    .replace(HASH, '<hash>')
    .replace(TRACE, '<trace>');
  return JSON.parse(text);
}

async function requireTrueChain(name, book, id) {
  const wrong = await book.query(
    `SELECT seq FROM (SELECT *, lag(hash) OVER (ORDER BY seq) AS before FROM crm.journals WHERE deal_id = $1) j
     WHERE j.prev_hash <> coalesce(j.before, decode(repeat('00', 32), 'hex')) OR j.hash <> crm.journal_hash(
       j.prev_hash, j.deal_id, j.seq, j.id, j.kind, j.author_id, j.body, j.data, j.created_at)`,
    [id],
  );
  if (wrong.length > 0) throw new Error(`${name} broke the hash chain of ${id}`);
}

function same(name, what, given, expected) {
  const place = difference(given, expected, what);
  if (place) throw new Error(`${name} differs in ${place}`);
}

/** Where two values differ first, and how; undefined when nowhere. */
function difference(given, expected, place) {
  if (given === expected) return undefined;
  const areObjects = [given, expected].every((value) => typeof value === 'object' && value !== null);
  if (!areObjects) return `${place}: ${JSON.stringify(given)} instead of ${JSON.stringify(expected)}`;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(given)])) {
    const found = difference(given[key], expected[key], `${place}/${key}`);
    if (found) return found;
  }
  return undefined;
}
