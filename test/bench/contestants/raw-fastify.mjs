/**
 * The baseline: plain Fastify and pg, written for speed. Each request is one prepared statement; it checks the same
 * token and scope, sends the same body and writes the same rows as the service. It has no other routes, error texts,
 * If-Match, idempotency keys, metrics or logs.
 */
import { createHash, createHmac, createSecretKey, randomFillSync, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';
import pg from 'pg';
import { ADD_INCOME, CREATE, GET, listStatement, STAGES } from './statements.mjs';

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

// --- authentication

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

const STAGE_OF = Object.fromEntries(Object.entries(STAGES).flatMap(([stage, codes]) => codes.map((c) => [c, stage])));
const PERIOD_DAYS = { '7d': 7, '30d': 30, '90d': 90 };

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

/** Builds an object literal: adding a property to a row would change its hidden class, which doubles the time. */
function dealOf(row) {
  const stage = STAGE_OF[row.status];
  return {
    id: row.id,
    client_id: row.client_id,
    title: row.title,
    description: row.description,
    status: STAGES[stage][0],
    stage,
    owner_id: row.owner_id,
    executor_id: row.executor_id,
    next_review_at: row.next_review_at,
    closed_at: row.closed_at,
    lost_reason: row.lost_reason,
    version: row.version,
    created_at: row.created_at,
    updated_at: row.updated_at,
    is_deleted: row.is_deleted,
  };
}

async function getDeal(request) {
  const caller = callerOf(request);
  const { id } = request.params;
  const { rows } = await pool.query(
    caller.seesAll ? { ...GET.all, values: [id] } : { ...GET.own, values: [id, caller.userId] },
  );
  if (rows.length === 0) throw refusal(404);
  return dealOf(rows[0]);
}

async function listDeals(request) {
  const caller = callerOf(request);
  const { stage, period, limit, cursor } = request.query;
  const horizon = new Date(Date.now() + 3 * 3_600_000 + PERIOD_DAYS[period] * 86_400_000).toISOString().slice(0, 10);
  const values = [stage.flatMap((name) => STAGES[name]), horizon];
  if (cursor) values.push(...keyOf(cursor));
  if (!caller.seesAll) values.push(caller.userId);
  const kind = (caller.seesAll ? 'all' : 'own') + (cursor ? 'After' : '');
  const { rows } = await pool.query({ ...listStatement(kind, limit + 1), values });
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
  if ((ownerId ?? executorId) === null) return '{}';
  return `{${ownerId === null ? '' : `${ownerId},`}NULL${executorId === null ? '' : `,${executorId}`}}`;
}

// --- incomes

const NATURES = new Set(['premium', 'commission', 'discount', 'payout', 'fee', 'refund']);

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
      response: {
        200: { type: 'object', properties: { items: { type: 'array', items: DEAL }, next_cursor: optional } },
      },
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
