/** Checks before the measurements that contestants send equal answers and write equal rows. */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** Ids of users and clients in the data; contestants do not generate them. */
const KNOWN = /^01900000-0000-7000-800[01]-/;
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
    for (const other of others) {
      if (isDeep(read) && !other.hasCursors) continue;
      const given = await send(other, read);
      // Compares exact text, with the order of members, for handwritten JSON.
      if (other.isExact) same(other.name, read.path, given.text, expected.text);
      else same(other.name, read.path, given.raw, expected.raw);
    }
  }
  // All on deals created by the first contestant, so that they begin equal.
  const written = [];
  for (const contestant of contestants) written.push(await write(contestant, first, requests, book));
  for (const [place, other] of others.entries()) same(other.name, 'rows written', written[place + 1], written[0]);
}

const isDeep = ({ path }) => path.includes('cursor=');

async function write(contestant, first, requests, book) {
  const seller = 5;
  requests.number = 0;
  const created = await send(contestant, requests.createDeal(seller));
  requests.number = 0;
  const deal = (await send(first, requests.createDeal(seller))).raw.id;
  const payment = (await send(first, requests.addPayment(seller, deal))).raw.id;
  const income = await send(contestant, requests.addIncomeTo(seller, deal, payment));
  for (const id of [created.raw.id, deal]) await requireTrueChain(contestant.name, book, id);
  return {
    created: masked(created.raw),
    income: masked(income.raw),
    ofCreated: masked(await rowsOf(book, created.raw.id)),
    ofIncome: masked(await rowsOf(book, deal)),
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
  return { raw: JSON.parse(text), text };
}

async function rowsOf(book, id) {
  const rows = {};
  for (const [table, condition] of Object.entries(TABLES)) {
    const order = table === 'event_log' ? 'stream_version' : table === 'journals' ? 'seq' : '1';
    const found = await book.query(
      `SELECT to_jsonb(t) AS row FROM crm.${table} t WHERE ${condition} ORDER BY ${order}`,
      [id],
    );
    rows[table] = found.map(({ row: { seq: _seq, position: _position, ...row } }) => row);
  }
  return rows;
}

/** Without what differs from one writing to the next. */
function masked(value) {
  const text = JSON.stringify(value)
    .replace(UUID, (id) => (KNOWN.test(id) ? id : '<id>'))
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
