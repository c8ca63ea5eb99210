import { Body, Controller, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ExpectedVersion, type ListColumns, listOrder } from '#platform/kernel';
import { Creates } from './creates.decorator.js';
import { TextField } from '../validation/fields.js';
import { IfMatch } from './if-match.js';
import { encodeCursor, ListQuery, pageRequest, SortField, toPage } from '../lists/list-query.js';
import { createTestApi, type TestApi } from '../test-api.fixture.js';
import { UuidParam } from '../validation/uuid-param.js';

const ID = '0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const COLUMNS: ListColumns = { name: 'deals', sort: 'number', sorts: { number: { number: 'int', name: 'text' } } };
const DEALS = listOrder(COLUMNS);

class DealDto {
  @TextField({ max: 10, optional: true })
  title?: string;
}

class DealsQuery extends ListQuery {
  @TextField({ max: 20, each: true, optional: true })
  stage?: string[];

  @SortField(COLUMNS)
  sort?: string;
}

@Controller('deals')
class DealsController {
  @Get()
  list(@Query() query: DealsQuery) {
    const { order, ...request } = pageRequest(query, COLUMNS);
    const next = request.after?.[0] === '2' ? null : ['2', 'b'];
    return toPage({ items: [request], next, ...(request.includeTotal && { total: 3 }) }, order);
  }

  @Get(':id')
  one(@UuidParam() id: string) {
    return { id, version: 3 };
  }

  @Post()
  @Creates()
  open(@Body() body: DealDto) {
    return { id: ID, version: 1, title: body.title };
  }

  @Post('elsewhere')
  @Creates('/api/v1/policies')
  draft() {
    return { id: ID, version: 1 };
  }

  @Post('set')
  @Creates()
  set(@Res({ passthrough: true }) reply: FastifyReply) {
    reply.header('location', '/its/own');
    return { id: ID };
  }

  @Post(':id/activate')
  @HttpCode(200)
  activate(@IfMatch() expected: ExpectedVersion) {
    return { expected: expected ?? null };
  }

  @Patch(':id')
  change(@UuidParam() id: string, @IfMatch() expected: ExpectedVersion) {
    return { id, version: 4, expected: expected ?? null };
  }
}

describe('an answer', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([DealsController]);
  });

  afterAll(() => api.close());

  it('of one resource has its version as ETag, and is kept only to be asked about', async () => {
    const response = await api.inject(`/api/v1/deals/${ID.toUpperCase()}`);
    expect(response.json()).toEqual({ id: ID, version: 3 });
    expect(response.headers).toMatchObject({ etag: '"3"', 'cache-control': 'private, no-cache' });
    expect((await api.inject({ method: 'PATCH', url: `/api/v1/deals/${ID}` })).headers.etag).toBe('"4"');
  });

  it.each(['"3"', 'W/"3"', '"1", "3"', '*', '"3-gzip"', 'W/"3-gzip"', '"3;gzip"', '"3--gzip"', 'W/"1", W/"3-br"'])(
    'that the client has by %s is 304 without a body',
    async (tag) => {
      const response = await api.inject({ url: `/api/v1/deals/${ID}`, headers: { 'if-none-match': tag } });
      expect([response.statusCode, response.payload]).toEqual([304, '']);
      expect(response.headers.etag).toBe('"3"');
      expect(response.headers).not.toHaveProperty('content-type');
      expect(response.headers).not.toHaveProperty('content-length');
    },
  );

  it.each(['"4"', '3', '"33"', '', 'W/"4"', '"4-gzip"', '"-gzip"', '"3-4"'])(
    'that the client does not have by %s is sent',
    async (tag) => {
      const response = await api.inject({ url: `/api/v1/deals/${ID}`, headers: { 'if-none-match': tag } });
      expect(response.statusCode).toBe(200);
    },
  );

  it('to a change is sent whatever the client has', async () => {
    const headers = { 'if-none-match': '"4"' };
    expect((await api.inject({ method: 'PATCH', url: `/api/v1/deals/${ID}`, headers })).statusCode).toBe(200);
  });

  it('to a HEAD has the headers alone', async () => {
    const response = await api.inject({ method: 'HEAD', url: `/api/v1/deals/${ID}` });
    expect([response.statusCode, response.payload, response.headers.etag]).toEqual([200, '', '"3"']);
  });

  it.each([
    ['/api/v1/deals', `/api/v1/deals/${ID}`],
    ['/api/v1/deals/', `/api/v1/deals/${ID}`],
    ['/api/v1/deals/elsewhere', `/api/v1/policies/${ID}`],
    ['/api/v1/deals/set', '/its/own'],
  ])('to POST %s tells where the new one is', async (url, location) => {
    const response = await api.inject({ method: 'POST', url });
    expect([response.statusCode, response.headers.location]).toEqual([201, location]);
  });

  it('to a malformed id is 400', async () => {
    const response = await api.inject('/api/v1/deals/7');
    expect(response.json()).toMatchObject({ status: 400, code: 'malformed_id' });
  });
});

describe('a list', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([DealsController]);
  });

  afterAll(() => api.close());

  it('has a first page with a link to the next, which keeps every other parameter', async () => {
    const first = await api.inject(
      '/api/v1/deals/?stage=a&cursor=&stage=%D0%B1&limit=2&includeTotal=true'.replace('cursor=&', ''),
    );
    const { next_cursor: cursor, items, total } = first.json();
    expect(items).toEqual([{ limit: 2, includeTotal: true }]);
    expect(total).toBe(3);
    expect(first.headers.link).toBe(
      `</api/v1/deals?stage=a&stage=%D0%B1&limit=2&includeTotal=true&cursor=${cursor}>; rel="next"`,
    );

    const second = await api.inject(`/api/v1/deals?cursor=${cursor}`);
    expect(second.json()).toEqual({
      items: [{ limit: 50, includeTotal: false, after: ['2', 'b'] }],
      next_cursor: null,
    });
    expect(second.headers).not.toHaveProperty('link');
  });

  it.each([
    ['of another list', encodeCursor(['2', 'b'], { ...DEALS, name: 'policies' })],
    ['of another order', encodeCursor(['2', 'b'], listOrder(COLUMNS, '-number'))],
    ['that was changed', encodeCursor(['2', 'b'], DEALS).replace(/.$/, 'A')],
    ['that was cut', encodeCursor(['2', 'b'], DEALS).slice(0, -4)],
    ['with more behind it', `${encodeCursor(['2', 'b'], DEALS)}A`],
    ['that is made up', Buffer.from('["2","b"]').toString('base64url')],
    ['with a part too few', encodeCursor(['2'], DEALS)],
    ['with a part too many', encodeCursor(['2', 'b', 'c'], DEALS)],
    ['with a text for a number', encodeCursor(['two', 'b'], DEALS)],
    ['with a number that is too large', encodeCursor(['2147483648', 'b'], DEALS)],
    ['with a NUL', encodeCursor(['2', '\u0000'], DEALS)],
    ['with parts that are not texts', encodeCursor([2, 'b'] as unknown as string[], DEALS)],
    ['with an object in place of the parts', encodeCursor({ length: 2 } as unknown as string[], DEALS)],
    ['that is empty', ''],
    ['that is enormous', 'A'.repeat(4_096)],
  ])('refuses a cursor %s', async (_name, cursor) => {
    const response = await api.inject(`/api/v1/deals?cursor=${cursor}`);
    expect(response.json()).toMatchObject({
      status: 422,
      code: 'invalid_cursor',
      errors: [{ pointer: '?cursor', code: 'invalid_cursor' }],
    });
  });
});

describe('If-Match', () => {
  const change = async (api: TestApi, header?: string) => {
    const headers = header === undefined ? {} : { 'if-match': header };
    return (await api.inject({ method: 'PATCH', url: `/api/v1/deals/${ID}`, headers })).json();
  };

  it('is optional unless it is required', async () => {
    const lenient = await createTestApi([DealsController]);
    expect(await change(lenient)).toMatchObject({ expected: null });
    await lenient.close();

    const strict = await createTestApi([DealsController], { CRM_REQUIRE_IF_MATCH: 'true' });
    expect(await change(strict)).toMatchObject({ status: 428, code: 'precondition_required' });
    expect(await change(strict, '"3"')).toMatchObject({ expected: [3] });
    expect(await change(strict, '*')).toMatchObject({ expected: null });
    const action = await strict.inject({ method: 'POST', url: `/api/v1/deals/${ID}/activate` });
    expect(action.statusCode).toBe(428);
    await strict.close();
  });

  it.each<[string, number[] | null]>([
    ['"3"', [3]],
    ['"1", "2" ,"3"', [1, 2, 3]],
    ['W/"3"', [3]],
    ['W/"3", "4"', [3, 4]],
    ['"3-gzip"', [3]],
    ['W/"3-gzip"', [3]],
    ['"3;gzip"', [3]],
    ['"3--gzip"', [3]],
    ['W/"1-br", "2;deflate" ,"3"', [1, 2, 3]],
    ['"3-"', []],
    ['"3-4"', []],
    ['"x,"', []],
    ['*', null],
    [' * ', null],
    ['"abc"', []],
    ['"03"', []],
    ['"2147483647"', [2_147_483_647]],
    ['"2147483648"', []],
    ['"99999999999999999999"', []],
    ['""', []],
  ])('%s means %j', async (header, expected) => {
    const api = await createTestApi([DealsController]);
    expect(await change(api, header)).toMatchObject({ expected });
    await api.close();
  });

  it.each(['3', '"3', '"1" "2"', '"1",', 'w/"3"', '', '*, "3"', `"${'1'.repeat(1_000)}"`])(
    'refuses %s as malformed',
    async (header) => {
      const api = await createTestApi([DealsController]);
      expect(await change(api, header)).toMatchObject({ status: 400, code: 'malformed_if_match' });
      await api.close();
    },
  );
});
