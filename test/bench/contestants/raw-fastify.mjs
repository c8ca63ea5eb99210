/**
 * The yardstick: Fastify and pg by hand, as fast as one can reasonably write it. Each request is one prepared statement;
 * it checks the same token and the same scope, answers the same body and writes the same rows as the service. What it
 * lacks is everything that makes a product: other routes, error texts, If-Match, idempotency keys, metrics, logs.
 */
import { createHash, createHmac, createSecretKey, randomFillSync, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';
import pg from 'pg';

const { BENCH_PORT, BENCH_DATABASE_URL, BENCH_SECRET } = process.env;

const TIMESTAMPTZ = 1184;
const DATE = 1082;
/** `2026-11-23 07:22:58.1+00` → `2026-11-23T07:22:58.100Z`. */
const instantOf = (text) => `${text.slice(0, 10)}T${text.slice(11, -3).padEnd(9, '.').padEnd(12, '0').slice(0, 12)}Z`;
const types = {
  getTypeParser: (oid, format) =>
    oid === TIMESTAMPTZ ? instantOf : oid === DATE ? (text) => text : pg.types.getTypeParser(oid, format),
};
const pool = new pg.Pool({
  connectionString: BENCH_DATABASE_URL,
  max: 10,
  idleTimeoutMillis: 0,
  options: '-c TimeZone=UTC -c search_path=crm,public',
  types,
});

// --- who asks

const secret = createSecretKey(Buffer.from(BENCH_SECRET));
const known = new Map();

function callerOf(request) {
  const { authorization } = request.headers;
  if (!authorization?.startsWith('Bearer ')) throw refusal(401);
  const caller = known.get(authorization) ?? verify(authorization);
  if (Date.now() >= caller.expiresAt) throw refusal(401);
  return caller;
}

function verify(authorization) {
  const [header, payload, signature] = authorization.slice(7).split('.');
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature ?? '', 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refusal(401);
  const { sub, roles, exp } = JSON.parse(Buffer.from(payload, 'base64url'));
  const seesAll = roles.includes('ROLE_TEAM_LEAD') || roles.includes('ROLE_ADMIN');
  if (!seesAll && !roles.includes('ROLE_SALES_AGENT')) throw refusal(403);
  const caller = { userId: sub, seesAll, expiresAt: exp * 1000 };
  known.set(authorization, caller);
  return caller;
}

function refusal(statusCode) {
  return Object.assign(new Error(`refused with ${statusCode}`), { statusCode });
}

// --- ids

const random = Buffer.allocUnsafe(34 * 256);
let used = random.length;

function randomHex(bytes) {
  if (used + bytes > random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += bytes;
  return random.toString('hex', used - bytes, used);
}

/** UUIDv7. */
function newId() {
  const time = Date.now().toString(16).padStart(12, '0');
  const hex = randomHex(10);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-a${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

const traceparent = () => `00-${randomHex(16)}-${randomHex(8)}-01`;

// --- deals

const STAGES = {
  qualification: ['qualification', 'draft'],
  negotiation: ['in_progress', 'negotiation'],
  proposal: ['proposal'],
  closedWon: ['won', 'closed_won'],
  closedLost: ['lost', 'closed_lost'],
};
const STAGE_OF = Object.fromEntries(Object.entries(STAGES).flatMap(([stage, codes]) => codes.map((c) => [c, stage])));
const PERIOD_DAYS = { '7d': 7, '30d': 30, '90d': 90 };

const COLUMNS = `id, client_id, title, description, status, owner_id, executor_id, next_review_at, closed_at, lost_reason,
  version, created_at, updated_at, is_deleted`;

const text = { type: 'string' };
const optional = { type: ['string', 'null'] };
const DEAL = {
  type: 'object',
  properties: {
    ...{ id: text, client_id: text, title: text, description: optional, status: text, stage: text },
    ...{ owner_id: optional, executor_id: optional, next_review_at: text, closed_at: optional, lost_reason: optional },
    ...{ version: { type: 'integer' }, created_at: text, updated_at: text, is_deleted: { type: 'boolean' } },
  },
};

function dealOf(row) {
  row.stage = STAGE_OF[row.status];
  row.status = STAGES[row.stage][0];
  return row;
}

const GET = {
  all: { name: 'get_all', text: `SELECT ${COLUMNS} FROM crm.deals WHERE id = $1 AND NOT is_deleted` },
  own: { name: 'get_own', text: `SELECT ${COLUMNS} FROM crm.deals WHERE id = $1 AND NOT is_deleted AND owner_id = $2` },
};

async function getDeal(request) {
  const caller = callerOf(request);
  const { id } = request.params;
  const { rows } = await pool.query(
    caller.seesAll ? { ...GET.all, values: [id] } : { ...GET.own, values: [id, caller.userId] },
  );
  if (rows.length === 0) throw refusal(404);
  return dealOf(rows[0]);
}

const list = (name, condition) => ({
  name,
  text: `SELECT ${COLUMNS} FROM crm.deals
    WHERE NOT is_deleted AND status = ANY ($1::text[]) AND next_review_at <= $2::date AND ${condition}
    ORDER BY next_review_at, updated_at, id LIMIT $3::int`,
});
const AFTER = '(next_review_at, updated_at, id) > ($4::date, $5::timestamptz, $6::uuid)';
const LIST = {
  all: list('list_all', 'true'),
  allAfter: list('list_all_after', AFTER),
  own: list('list_own', 'owner_id = $4'),
  ownAfter: list('list_own_after', `${AFTER} AND owner_id = $7`),
};

async function listDeals(request) {
  const caller = callerOf(request);
  const { stage, period, limit, cursor } = request.query;
  const horizon = new Date(Date.now() + 3 * 3_600_000 + PERIOD_DAYS[period] * 86_400_000).toISOString().slice(0, 10);
  const values = [stage.flatMap((name) => STAGES[name]), horizon, limit + 1];
  if (cursor) values.push(...keyOf(cursor));
  if (!caller.seesAll) values.push(caller.userId);
  const { rows } = await pool.query({ ...LIST[(caller.seesAll ? 'all' : 'own') + (cursor ? 'After' : '')], values });
  const items = rows.slice(0, limit).map(dealOf);
  const last = rows.length > limit ? items[limit - 1] : undefined;
  return { items, next_cursor: last ? cursorOf([last.next_review_at, last.updated_at, last.id]) : null };
}

const checksumOf = (key) => createHash('sha256').update(`deals\n${key}`).digest('base64url').slice(0, 8);

function cursorOf(key) {
  const json = JSON.stringify(key);
  return Buffer.from(checksumOf(json) + json).toString('base64url');
}

function keyOf(cursor) {
  const content = Buffer.from(cursor, 'base64url').toString();
  if (content.slice(0, 8) !== checksumOf(content.slice(8))) throw refusal(422);
  return JSON.parse(content.slice(8));
}

const ZERO = `'\\x${'00'.repeat(32)}'::bytea`;

const CREATE = {
  name: 'create_deal',
  text: `WITH client AS (
      SELECT 1 FROM crm.clients c WHERE c.id = $2::uuid AND NOT c.is_deleted AND c.merged_into_id IS NULL
        AND ($14::boolean OR c.owner_id = $13::uuid OR EXISTS (
          SELECT 1 FROM crm.deals o WHERE o.client_id = c.id AND o.owner_id = $13::uuid AND NOT o.is_deleted))
      FOR SHARE OF c
    ), deal AS (
      INSERT INTO crm.deals (id, client_id, title, description, status, owner_id, executor_id, next_review_at, version,
        created_at, updated_at)
      SELECT $1::uuid, $2::uuid, $3::varchar, $4::text, 'qualification', $5::uuid, $6::uuid, $7::date, 1, $8::timestamptz,
        $8::timestamptz FROM client RETURNING id
    ), stream AS (
      INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
      SELECT 'deals/' || id, 1, 1, ${ZERO},
        crm.journal_hash(${ZERO}, id, 1, $9::uuid, 'system', $13::uuid, 'Deal opened', $10::jsonb, $8::timestamptz)
      FROM deal RETURNING journal_hash
    ), journal AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT $9::uuid, $1::uuid, 1, 'system', $13::uuid, 'Deal opened', $10::jsonb, journal_hash, ${ZERO}, $8::timestamptz
      FROM stream
    )
    INSERT INTO crm.event_log (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id,
      audience, data)
    SELECT $11::uuid, 'deals/' || id, 1, 1, 'deal.created', $8::timestamptz, $13::uuid, $15::text, id, $2::uuid, $16::uuid[],
      $12::jsonb
    FROM deal`,
};

async function createDeal(request, reply) {
  const caller = callerOf(request);
  const { client_id, title, description = null, next_review_at, owner_id, executor_id = null } = request.body;
  const ownerId = owner_id ?? (caller.seesAll ? null : caller.userId);
  if (!caller.seesAll && ownerId !== caller.userId) throw refusal(403);
  const at = new Date().toISOString();
  const deal = {
    ...{ id: newId(), client_id, title, description, status: 'qualification', stage: 'qualification' },
    ...{ owner_id: ownerId, executor_id, next_review_at, closed_at: null, lost_reason: null },
    ...{ version: 1, created_at: at, updated_at: at, is_deleted: false },
  };
  const json = JSON.stringify(deal);
  const { rowCount } = await pool.query({
    ...CREATE,
    values: [
      ...[deal.id, client_id, title, description, ownerId, executor_id, next_review_at, at],
      ...[newId(), `{"before":null,"after":${json}}`],
      ...[newId(), `{"deal_id":"${deal.id}","client_id":"${client_id}","deal":${json}}`],
      ...[caller.userId, caller.seesAll, traceparent(), audienceOf(ownerId, executor_id)],
    ],
  });
  if (rowCount === 0) throw refusal(404);
  reply.code(201);
  return deal;
}

function audienceOf(ownerId, executorId) {
  const ids = [ownerId, executorId === ownerId ? null : executorId].filter((id) => id !== null);
  return `{${ids.join(',')}}`;
}

// --- incomes

const NATURES = new Set(['premium', 'commission', 'discount', 'payout', 'fee', 'refund']);

const ADD_INCOME = {
  name: 'add_income',
  text: `WITH old AS (
      SELECT p.id, p.incomes_total, p.net_total, p.status, p.currency, p.policy_id, d.client_id,
        array_remove(ARRAY[d.owner_id, nullif(d.executor_id, d.owner_id)], NULL) AS audience
      FROM crm.payments p JOIN crm.deals d ON d.id = p.deal_id
      WHERE p.id = $2::uuid AND p.deal_id = $1::uuid AND NOT p.is_deleted AND p.cancelled_at IS NULL AND NOT d.is_deleted
        AND ($8::boolean OR d.owner_id = $7::uuid)
      FOR NO KEY UPDATE OF p FOR SHARE OF d
    ), line AS (
      INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, note, created_by_id,
        updated_by_id, version, created_at, updated_at)
      SELECT $3::uuid, id, $4::numeric, currency, $5::varchar, $6::varchar, $9::date, $10::varchar, $7::uuid, $7::uuid, 1,
        $11::timestamptz, $11::timestamptz FROM old
    ), now AS (
      UPDATE crm.payments p SET incomes_total = p.incomes_total + $4::numeric, version = p.version + 1,
        updated_at = $11::timestamptz, updated_by_id = $7::uuid
      FROM old WHERE p.id = old.id
      RETURNING p.*, jsonb_build_object('incomes_total', old.incomes_total::text, 'net_total', old.net_total::text) ||
        CASE WHEN p.status = old.status THEN '{}' ELSE jsonb_build_object('status', old.status) END AS previous,
        jsonb_build_object('incomes_total', p.incomes_total::text, 'net_total', p.net_total::text) ||
        CASE WHEN p.status = old.status THEN '{}' ELSE jsonb_build_object('status', p.status) END AS present,
        CASE WHEN p.status = old.status THEN '["net_total", "incomes_total"]'::jsonb
          ELSE '["status", "net_total", "incomes_total"]' END AS changed,
        old.client_id, old.audience
    ), story AS (
      SELECT deal_id, client_id, audience, l.line,
        jsonb_build_object('payment_id', id, 'income_id', $3::uuid, 'before', NULL, 'after', l.line, 'payment',
          jsonb_build_object('before', previous, 'after', present)) AS entry,
        jsonb_build_object('deal_id', deal_id, 'client_id', client_id, 'policy_id', policy_id, 'payment_id', id,
          'payment', jsonb_build_object('id', id, 'deal_id', deal_id, 'policy_id', policy_id, 'sequence', sequence,
            'status', status, 'planned_date', planned_date, 'planned_amount', planned_amount::text, 'currency', currency,
            'comment', comment, 'actual_date', actual_date, 'incomes_total', incomes_total::text,
            'expenses_total', expenses_total::text, 'net_total', net_total::text, 'recorded_by_id', recorded_by_id,
            'created_by_id', created_by_id, 'updated_by_id', updated_by_id, 'version', version, 'is_deleted', is_deleted,
            'created_at', crm.rfc3339(created_at), 'updated_at', $12::text),
          'previous', previous, 'changed', changed) AS payment_event,
        jsonb_build_object('deal_id', deal_id, 'client_id', client_id, 'policy_id', policy_id, 'payment_id', id,
          'income_id', $3::uuid, 'income', l.line || jsonb_build_object('income_id', $3::uuid)) AS line_event,
        currency
      FROM now, LATERAL (SELECT $13::jsonb || jsonb_build_object('currency', currency) AS line OFFSET 0) l OFFSET 0
    ), head AS (
      INSERT INTO crm.event_streams AS s
      SELECT 'deals/' || $1::uuid, 2, 1, ${ZERO}, crm.journal_hash(${ZERO}, deal_id, 1, $14::uuid, 'system', $7::uuid,
        'Income added', entry, $11::timestamptz) FROM story
      ON CONFLICT (stream) DO UPDATE SET version = s.version + 2, journal_seq = s.journal_seq + 1,
        journal_prev_hash = s.journal_hash,
        journal_hash = crm.journal_hash(s.journal_hash, $1::uuid, s.journal_seq + 1, $14::uuid, 'system', $7::uuid,
          'Income added', (SELECT entry FROM story), $11::timestamptz)
      RETURNING *
    ), journal AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT $14::uuid, deal_id, journal_seq, 'system', $7::uuid, 'Income added', entry, journal_hash, journal_prev_hash,
        $11::timestamptz FROM story, head
    ), events AS (
      INSERT INTO crm.event_log (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id,
        client_id, audience, data)
      SELECT e.id, head.stream, head.version - 1 + e.place, head.journal_seq, e.type, $11::timestamptz, $7::uuid, $16::text,
        deal_id, client_id, audience, e.data
      FROM story, head, LATERAL (VALUES (0, $15::uuid, 'deal.payment.income.created', line_event),
        (1, $17::uuid, 'deal.payment.updated', payment_event)) AS e (place, id, type, data)
    )
    SELECT currency FROM story`,
};

async function addIncome(request, reply) {
  const caller = callerOf(request);
  const { id: dealId, pid: paymentId } = request.params;
  const { amount, category, posted_at, note = null } = request.body;
  const at = new Date().toISOString();
  if (posted_at > new Date(Date.now() + 3 * 3_600_000).toISOString().slice(0, 10)) throw refusal(400);
  const line = {
    ...{ id: newId(), payment_id: paymentId, amount, currency: '', category },
    ...{ nature: NATURES.has(category) ? category : 'other', posted_at, note },
    ...{ created_by_id: caller.userId, updated_by_id: caller.userId, version: 1, is_deleted: false },
    ...{ created_at: at, updated_at: at },
  };
  const { rows } = await pool.query({
    ...ADD_INCOME,
    values: [
      ...[dealId, paymentId, line.id, amount, category, line.nature, caller.userId, caller.seesAll, posted_at, note],
      ...[at, at, JSON.stringify(line), newId(), newId(), traceparent(), newId()],
    ],
  });
  if (rows.length === 0) throw refusal(404);
  line.currency = rows[0].currency;
  reply.code(201);
  return line;
}

// --- routes

const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' };
const date = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' };
const params = (...names) => ({ type: 'object', properties: Object.fromEntries(names.map((name) => [name, uuid])) });

const app = fastify({ routerOptions: { ignoreTrailingSlash: true } });
app.get('/health/ready', () => ({}));
app.get('/api/v1/deals/:id', { schema: { params: params('id'), response: { 200: DEAL } } }, getDeal);
app.get(
  '/api/v1/deals',
  {
    schema: {
      querystring: {
        type: 'object',
        required: ['stage', 'period'],
        properties: {
          stage: { type: 'array', items: { enum: Object.keys(STAGES) } },
          period: { enum: Object.keys(PERIOD_DAYS) },
          limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
          cursor: { type: 'string', maxLength: 4096 },
        },
      },
      response: { 200: { type: 'object', properties: { items: { type: 'array', items: DEAL }, next_cursor: optional } } },
    },
  },
  listDeals,
);
app.post(
  '/api/v1/deals',
  {
    schema: {
      body: {
        type: 'object',
        required: ['client_id', 'title', 'next_review_at'],
        properties: {
          client_id: uuid,
          title: { type: 'string', minLength: 1, maxLength: 255 },
          description: { type: 'string', maxLength: 5000, nullable: true },
          next_review_at: date,
          owner_id: { ...uuid, nullable: true },
          executor_id: { ...uuid, nullable: true },
        },
      },
      response: { 201: DEAL },
    },
  },
  createDeal,
);
app.post(
  '/api/v1/deals/:id/payments/:pid/incomes',
  {
    schema: {
      params: params('id', 'pid'),
      body: {
        type: 'object',
        required: ['amount', 'category', 'posted_at'],
        properties: {
          amount: { type: 'string', pattern: '^\\d{1,12}\\.\\d{2}$' },
          category: { type: 'string', minLength: 1, maxLength: 64 },
          posted_at: date,
          note: { type: 'string', maxLength: 300, nullable: true },
        },
      },
    },
  },
  addIncome,
);

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.listen({ port: Number(BENCH_PORT), host: '127.0.0.1' });
