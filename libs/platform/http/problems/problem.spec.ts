import {
  BadGatewayException,
  ConflictException,
  Controller,
  Get,
  Param,
  Query,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { DomainError, type DomainErrorKind } from '#platform/kernel';
import { createTestApi, type TestApi } from '../test-api.fixture.js';

const pgError = (code: string, message = 'value "ivan@example.com" is wrong') =>
  Object.assign(new Error(message), { name: 'error', severity: 'ERROR', code, constraint: 'deals_pkey' });

const KINDS: readonly DomainErrorKind[] = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'stale',
  'unprocessable',
  'precondition_required',
  'too_many',
  'timed_out',
  'unavailable',
];

const THROWN: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, new DomainError(kind, `some_${kind}`, 'Fact and remedy.')])),
  no_token: new DomainError('unauthenticated', 'authorization_required', 'Sign in.'),
  duplicate: new DomainError('conflict', 'client_duplicate', 'Look first.', { candidates: [{ id: '1' }], status: 200 }),
  busy: new DomainError('too_many', 'too_many_streams', 'Wait.', { retry_after: 7 }),
  nest: new ConflictException('secret words'),
  nest_503: new ServiceUnavailableException('secret words'),
  health: new ServiceUnavailableException({ status: 'error', details: { database: { status: 'down' } } }),
  nest_502: new BadGatewayException('secret words'),
  refused: Object.assign(new AggregateError([Object.assign(new Error('no'), { code: 'ECONNREFUSED' })]), {}),
  shutdown: pgError('57P01'),
  wrapped: new QueryFailedError('SELECT 1', ['ivan@example.com'], pgError('57P03')),
  lost: new Error('Connection terminated unexpectedly'),
  released: new QueryRunnerAlreadyReleasedError(),
  pool: new Error('timeout exceeded when trying to connect'),
  deadlock: new QueryFailedError('SELECT 1', [], pgError('40P01')),
  serialization: pgError('40001'),
  nul: pgError('22021'),
  nul_json: pgError('22P05'),
  unique: new QueryFailedError('INSERT …', ['ivan@example.com'], pgError('23505')),
  exclusion: pgError('23P01'),
  foreign_key: new QueryFailedError('INSERT …', ['ivan@example.com'], pgError('23503')),
  restrict: pgError('23001'),
  not_null: pgError('23502'),
  check: pgError('23514'),
  overflow: pgError('22003'),
  // As a trigger of ours raises it.
  append_only: Object.assign(pgError('23001'), { constraint: undefined }),
  syntax: pgError('42601'),
  bug: new TypeError('can not read "ivan@example.com"'),
  text: 'just a text',
  nothing: undefined,
  with_status: Object.assign(new Error('secret words'), { statusCode: 200 }),
};

@Controller('thrown')
class ThrowingController {
  @Get(':name')
  fail(@Param('name') name: string, @Query() _query: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    reply.header('etag', '"1"').header('content-type', 'text/csv').header('location', '/x');
    throw THROWN[name];
  }
}

describe('a problem', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([ThrowingController]);
  });

  afterAll(() => api.close());

  const get = (name: string) => api.inject(`/api/v1/thrown/${name}?search=secret`);

  it.each<[DomainErrorKind, number]>([
    ['invalid', 400],
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['conflict', 409],
    ['stale', 412],
    ['unprocessable', 422],
    ['precondition_required', 428],
    ['too_many', 429],
    ['timed_out', 408],
    ['unavailable', 503],
  ])('of kind %s has status %d and says what the domain said', async (kind, status) => {
    const response = await get(kind);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.json()).toEqual({
      type: `https://crm.example/problems/some_${kind}`,
      title: `Some ${kind.replace('_', ' ')}`,
      status,
      detail: 'Fact and remedy.',
      code: `some_${kind}`,
      instance: `/api/v1/thrown/${kind}`,
      trace_id: String(response.headers.traceparent).split('-')[1],
    });
  });

  it('shows further members of the error, but lets them replace none of its own', async () => {
    expect((await get('duplicate')).json()).toMatchObject({
      status: 409,
      code: 'client_duplicate',
      candidates: [{ id: '1' }],
    });
  });

  it('takes back the headers of the answer that was not given', async () => {
    const { headers } = await get('conflict');
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('location');
  });

  it('of a health check names what is down', async () => {
    expect((await get('health')).json()).toMatchObject({
      status: 503,
      code: 'unavailable',
      details: { database: { status: 'down' } },
    });
  });

  it('asks for a token, and says when the one given is no good', async () => {
    expect((await get('no_token')).headers['www-authenticate']).toBe('Bearer');
    expect((await get('unauthenticated')).headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it.each([
    ['too_many', '1'],
    ['unavailable', '1'],
    ['busy', '7'],
    ['nest_503', '1'],
    ['lost', '1'],
    ['deadlock', '1'],
  ])('of %s says when to come back', async (name, seconds) => {
    expect((await get(name)).headers['retry-after']).toBe(seconds);
  });

  it.each([
    ['nest', 409, 'conflict'],
    ['nest_503', 503, 'unavailable'],
    ['refused', 503, 'database_unavailable'],
    ['shutdown', 503, 'database_unavailable'],
    ['wrapped', 503, 'database_unavailable'],
    ['lost', 503, 'database_unavailable'],
    ['released', 503, 'database_unavailable'],
    ['pool', 503, 'database_unavailable'],
    ['deadlock', 503, 'try_again'],
    ['serialization', 503, 'try_again'],
    ['nul', 422, 'invalid_characters'],
    ['nul_json', 422, 'invalid_characters'],
  ])('made of %s is %d %s', async (name, status, code) => {
    const before = api.logged.length;
    const response = await get(name);
    expect(response.json()).toMatchObject({ status, code });
    expect(response.payload).not.toMatch(/secret|ivan/);
    expect(api.logged).toHaveLength(before);
  });

  it.each([
    ['foreign_key', 409, 'reference_conflict'],
    ['restrict', 409, 'reference_conflict'],
    ['unique', 409, 'already_exists'],
    ['exclusion', 409, 'already_exists'],
    ['not_null', 422, 'invalid_value'],
    ['check', 422, 'invalid_value'],
    ['overflow', 422, 'invalid_value'],
  ])(
    'of an unforeseen constraint (%s) is %d %s without SQL, and is logged with its name',
    async (name, status, code) => {
      const before = api.logged.length;
      const response = await get(name);
      expect(response.json()).toMatchObject({ status, code });
      expect(response.payload).not.toMatch(/ivan|pkey|INSERT|typeorm/i);
      expect(api.logged).toHaveLength(before + 1);
      expect(api.logged[before]?.fields).toMatchObject({ err: { constraint: 'deals_pkey' } });
    },
  );

  it.each(['bug', 'append_only', 'syntax', 'text', 'nothing', 'with_status', 'nest_502'])(
    'of an unforeseen error (%s) says nothing but its trace id, and is logged once without personal data',
    async (name) => {
      const before = api.logged.length;
      const response = await get(name);
      expect(response.statusCode).toBe(500);
      expect(response.json()).toMatchObject({ code: 'internal_error', detail: expect.stringContaining('trace id') });
      expect(response.payload).not.toMatch(/secret|ivan|stack|typeorm/i);
      expect(api.logged).toHaveLength(before + 1);
      const { fields } = api.logged[before]!;
      expect(fields).toMatchObject({ method: 'GET', route: '/api/v1/thrown/:name' });
      expect(JSON.stringify(fields)).not.toMatch(/secret=|ivan/);
    },
  );

  it('that is a bug is logged with its place', async () => {
    await get('bug');
    expect(api.logged.at(-1)?.fields).toMatchObject({
      err: { type: 'TypeError', message: 'can not read "…"', stack: expect.stringMatching(/^ {4}at .*problem\.spec/m) },
    });
    await get('unique');
    expect(api.logged.at(-1)?.fields).toMatchObject({ err: { code: '23505', constraint: 'deals_pkey' } });
  });
});
