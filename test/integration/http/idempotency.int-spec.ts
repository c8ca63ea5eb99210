import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DomainError, newId } from '#platform/kernel';
import { runMigrations } from '#platform/persistence';
import pg from 'pg';
import { MIGRATIONS } from '../../../migrations/index.js';
import { CALLER, during, orderApplication } from '../streams/order-application.js';

/** Differences from the default request. */
interface Other {
  readonly method?: 'POST' | 'PATCH';
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('an Idempotency-Key', () => {
  const server = process.env.CRM_TEST_DATABASE_URL!;
  const url = new URL(server);
  url.pathname = `/idempotency_${newId().replaceAll('-', '')}`;
  const sql = new pg.Client({ connectionString: url.toString() });
  let app: NestFastifyApplication;

  beforeAll(async () => {
    await onServer(server, `CREATE DATABASE ${url.pathname.slice(1)}`);
    await runMigrations(url.toString(), MIGRATIONS);
    await sql.connect();
    await sql.query('CREATE TABLE public.orders (id uuid PRIMARY KEY, title text NOT NULL)');
    app = await orderApplication(url.toString());
  });

  afterAll(async () => {
    await app.close();
    await sql.end();
    await onServer(server, `DROP DATABASE ${url.pathname.slice(1)} WITH (FORCE)`);
  });

  afterEach(() => {
    during.work = () => Promise.resolve();
  });

  const send = (
    key: string | undefined,
    payload: string | object = { title: 'a' },
    { method = 'POST', path = '/api/v1/orders', headers = {} }: Other = {},
  ) =>
    app.inject({
      method,
      url: path,
      payload,
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }), ...headers },
    });

  const countOf = async (title: string): Promise<number> => {
    const { rows } = await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM public.orders WHERE title = $1', [
      title,
    ]);
    return rows[0]!.n;
  };

  const storedKeys = async (): Promise<number> => {
    const { rows } = await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM crm.idempotency_keys');
    return rows[0]!.n;
  };

  it('replays the first response with its headers, and has one effect', async () => {
    const key = newId();
    const first = await send(key, { title: 'once', client_id: CALLER });
    const again = await send(key, `{ "client_id": "${CALLER}", "title": "once" }`);
    expect(first.statusCode).toBe(201);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    expect(again.statusCode).toBe(201);
    expect(again.payload).toBe(first.payload);
    expect(again.headers).toMatchObject({
      'idempotency-replayed': 'true',
      'content-type': first.headers['content-type'],
      etag: '"1"',
      location: `/api/v1/orders/${first.json().id}`,
    });
    expect(first.headers.etag).toBe('"1"');
    expect(await countOf('once')).toBe(1);
  });

  it('works for PATCH and for responses without a body', async () => {
    const key = newId();
    const patch = () => send(key, { title: 'patched' }, { method: 'PATCH', path: '/api/v1/orders/rename' });
    const [first, again] = [await patch(), await patch()];
    expect([again.statusCode, again.payload, again.headers.etag]).toEqual([200, first.payload, '"2"']);

    const touch = () => send(`${key}-touch`, '', { path: '/api/v1/orders/touch' });
    await touch();
    const touched = await touch();
    expect([touched.statusCode, touched.payload, touched.headers['idempotency-replayed']]).toEqual([204, '', 'true']);
    expect([await countOf('patched'), await countOf('touched')]).toEqual([1, 1]);
  });

  it('is refused for another request', async () => {
    const key = newId();
    await send(key, { title: 'first' });
    for (const other of [
      await send(key, { title: 'second' }),
      await send(key, { title: 'first', client_id: CALLER }),
      await send(key, { title: 'first' }, { method: 'PATCH' }),
      await send(key, { title: 'first' }, { path: '/api/v1/orders?allow_duplicate=true' }),
    ]) {
      expect(other.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    expect([await countOf('first'), await countOf('second')]).toEqual([1, 0]);

    const renaming = newId();
    await send(renaming, { title: 'third' }, { method: 'PATCH', path: '/api/v1/orders/rename' });
    const elsewhere = await send(renaming, { title: 'third' }, { method: 'PATCH' });
    expect(elsewhere.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  it('belongs to its caller', async () => {
    const key = newId();
    const mine = await send(key, { title: 'mine' });
    const theirs = await send(key, { title: 'mine' }, { headers: { 'x-caller': newId() } });
    expect(theirs.json().id).not.toBe(mine.json().id);
    expect(await countOf('mine')).toBe(2);
    const anonymous = await send(key, { title: 'mine' }, { headers: { 'x-caller': 'none' } });
    expect(anonymous.json()).toMatchObject({ status: 401, code: 'authorization_required' });
  });

  it('stores nothing of a failed request, so that it can be repeated', async () => {
    const key = newId();
    during.work = () => Promise.reject(new DomainError('conflict', 'deal_closed', 'The deal is closed.'));
    expect((await send(key, { title: 'failing' })).json()).toMatchObject({ status: 409, code: 'deal_closed' });
    expect((await send(key, {})).json()).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(await countOf('failing')).toBe(0);
    during.work = () => Promise.resolve();
    const later = await send(key, { title: 'failing' });
    expect(later.statusCode).toBe(201);
    expect(later.headers).not.toHaveProperty('idempotency-replayed');
    expect(await countOf('failing')).toBe(1);
  });

  it('of a running request is answered 409 with Retry-After', async () => {
    const key = newId();
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const started = new Promise<void>((resolve) => {
      during.work = async () => {
        resolve();
        await finished;
      };
    });
    const first = send(key, { title: 'slow' });
    await started;
    const second = await send(key, { title: 'slow' });
    expect(second.json()).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
    expect(second.headers['retry-after']).toBe('1');
    finish();
    expect((await send(key, { title: 'slow' }).then(() => first)).statusCode).toBe(201);
    expect((await send(key, { title: 'slow' })).payload).toBe((await first).payload);
  });

  it('of hundreds of concurrent requests has one effect', async () => {
    const key = newId();
    const answers = await Promise.all(Array.from({ length: 300 }, () => send(key, { title: 'crowd' })));
    expect(await countOf('crowd')).toBe(1);
    const done = answers.filter(({ statusCode }) => statusCode === 201);
    expect(new Set(done.map(({ payload }) => payload)).size).toBe(1);
    expect(done.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    const others = answers.filter(({ statusCode }) => statusCode !== 201);
    expect(others.map((answer) => answer.json().code).filter((code) => code !== 'idempotency_in_progress')).toEqual([]);
  });

  it('rolls back when another process has stored a response meanwhile', async () => {
    const key = newId();
    during.work = async () => {
      await sql.query(
        `INSERT INTO crm.idempotency_keys (caller_id, key, fingerprint, status, headers, body)
         VALUES ($1, $2, '\\x00', 201, '{}', '{}')`,
        [CALLER, key],
      );
    };
    expect((await send(key, { title: 'raced' })).json()).toMatchObject({ code: 'idempotency_key_reused' });
    expect(await countOf('raced')).toBe(0);
  });

  it.each([
    ['and its own effect is rolled back', () => undefined],
    [
      'and its own refusal is ignored',
      () => {
        throw new DomainError('stale', 'version_mismatch', 'It was changed since you read it.');
      },
    ],
  ])('replays the response of the concurrent first request, %s', async (_what, act) => {
    const [first, second] = [newId(), newId()];
    const body = { title: `meanwhile ${first}` };
    const answer = await send(first, body);
    during.work = async () => {
      await sql.query(
        `INSERT INTO crm.idempotency_keys (caller_id, key, fingerprint, status, headers, body)
         SELECT caller_id, $2, fingerprint, status, headers, body FROM crm.idempotency_keys WHERE key = $1
         ON CONFLICT DO NOTHING`,
        [first, second],
      );
      act();
    };
    const replayed = await send(second, body);
    expect([replayed.statusCode, replayed.payload]).toEqual([201, answer.payload]);
    expect(replayed.headers['idempotency-replayed']).toBe('true');
    expect(await countOf(body.title)).toBe(1);
  });

  it('expires after 72 hours', async () => {
    const key = newId();
    const age = (interval: string) =>
      sql.query(`UPDATE crm.idempotency_keys SET created_at = now() - $2::interval WHERE key = $1`, [key, interval]);
    const first = await send(key, { title: 'old' });
    await age('71 hours 59 minutes');
    expect((await send(key, { title: 'old' })).payload).toBe(first.payload);
    await age('72 hours 1 second');
    const other = await send(key, { title: 'new' });
    expect([other.statusCode, other.json().title]).toEqual([201, 'new']);
    expect((await send(key, { title: 'new' })).payload).toBe(other.payload);
    expect([await countOf('old'), await countOf('new')]).toEqual([1, 1]);
  });

  it.each(['', ' ', 'a b', 'ключ', 'x'.repeat(256), 'a\tb'])('may not be %j', async (key) => {
    const response = await send(key, { title: 'malformed' });
    expect(response.json()).toMatchObject({ status: 400, code: 'malformed_idempotency_key' });
    expect(await countOf('malformed')).toBe(0);
  });

  it('is optional', async () => {
    const before = await storedKeys();
    expect((await send(undefined, { title: 'bare' })).statusCode).toBe(201);
    expect((await send(undefined, { title: 'bare' })).headers).not.toHaveProperty('idempotency-replayed');
    expect(await countOf('bare')).toBe(2);
    expect(await storedKeys()).toBe(before);
    expect((await app.inject({ url: '/api/v1/orders', headers: { 'idempotency-key': 'a b' } })).statusCode).toBe(200);
  });
});

async function onServer(server: string, command: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(command);
  } finally {
    await client.end();
  }
}
