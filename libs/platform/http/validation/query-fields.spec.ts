import { Controller, Get, Query } from '@nestjs/common';
import { BooleanField, EnumField, IntegerField, TextField, UuidField } from './fields.js';
import { createTestApi, type TestApi } from '../test-api.fixture.js';

const ID = '0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

class FilterQuery {
  @EnumField(['won', 'lost'], { each: true, optional: true })
  stage?: string[];

  @UuidField({ optional: true })
  client_id?: string;

  @BooleanField({ optional: true })
  dry_run: boolean = false;

  @IntegerField({ min: 1, max: 200, optional: true })
  limit: number = 50;

  @TextField({ max: 10, optional: true })
  search?: string;
}

@Controller('quotes')
class QuotesController {
  @Get()
  list(@Query() query: FilterQuery) {
    return query;
  }
}

describe('a query', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([QuotesController]);
  });

  afterAll(() => api.close());

  const get = async (query: string) => (await api.inject(`/api/v1/quotes?${query}`)).json();

  it('has its defaults', async () => {
    expect(await get('')).toEqual({ dry_run: false, limit: 50 });
  });

  it.each([
    ['stage=won', { stage: ['won'] }],
    ['stage=won&stage=lost', { stage: ['won', 'lost'] }],
    ['stage[]=won', { stage: ['won'] }],
    ['stage%5B%5D=won&stage[]=lost', { stage: ['won', 'lost'] }],
    ['stage[]=won&stage=lost', { stage: ['won', 'lost'] }],
    ['dryRun=true', { dry_run: true }],
    ['dry_run=false', { dry_run: false }],
    ['limit=7', { limit: 7 }],
    [`clientId=${ID.toUpperCase()}`, { client_id: ID }],
    ['search=%D0%B0+b%25', { search: 'а b%' }],
    ['search=true', { search: 'true' }],
    ['search=7', { search: '7' }],
  ])('%s is understood', async (query, expected) => {
    expect(await get(query)).toMatchObject(expected);
  });

  it.each([
    ['stage=open', '?stage', 'not_one_of'],
    ['dry_run=1', '?dry_run', 'not_a_boolean'],
    ['dry_run', '?dry_run', 'not_a_boolean'],
    ['limit=0', '?limit', 'out_of_range'],
    ['limit=201', '?limit', 'out_of_range'],
    ['limit=1e2', '?limit', 'not_an_integer'],
    ['limit=', '?limit', 'not_an_integer'],
    ['limit=99999999999999999999', '?limit', 'not_an_integer'],
    ['limit=5&limit=6', '?limit', 'not_an_integer'],
    ['client_id=x', '?client_id', 'not_a_uuid'],
    [`client_id=${ID}&client_id=${ID}`, '?client_id', 'not_a_uuid'],
    ['search=abcdefghijk', '?search', 'too_long'],
    ['search[]=a', '?search', 'not_a_string'],
    ['search=a&search=b', '?search', 'not_a_string'],
    ['dry_run=true&dry_run=true', '?dry_run', 'not_a_boolean'],
    ['unknown=1', '?unknown', 'unknown_parameter'],
    ['__proto__=1', '?__proto__', 'unknown_parameter'],
    ['constructor=1', '?constructor', 'unknown_parameter'],
    ['__defineGetter__=1', '?__defineGetter__', 'unknown_parameter'],
    ['stage[0]=won', '?stage[0]', 'unknown_parameter'],
    ['search=a%00', '?search', 'invalid_characters'],
    [`clientId=${ID}&client_id=${ID}`, '?client_id', 'duplicate_field'],
    [Array.from({ length: 300 }, (_, index) => `a${index}`).join('&'), '?', 'too_many_fields'],
  ])('%# is refused, naming the parameter', async (query, pointer, code) => {
    expect(await get(query)).toMatchObject({ status: 422, errors: [{ pointer, code }] });
  });
});
