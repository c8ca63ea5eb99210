import { Body, Controller, Post } from '@nestjs/common';
import type { FieldFault } from '#platform/kernel';
import {
  BooleanField,
  CurrencyField,
  DateField,
  EmailField,
  EnumField,
  IntegerField,
  MoneyField,
  ObjectField,
  PhoneField,
  TextField,
  UuidField,
} from './fields.js';
import { createTestApi, type TestApi } from '../test-api.fixture.js';

const ID = '0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

class ValidityDto {
  @DateField()
  start!: string;

  @DateField({ optional: true, nullable: true })
  end?: string | null;
}

class QuoteDto {
  @TextField({ min: 1, max: 5 })
  title!: string;

  @TextField({ min: 1, max: 8, multiline: true, optional: true, nullable: true })
  comments?: string | null;

  @UuidField({ optional: true })
  owner_id?: string;

  @EnumField(['draft', 'ready'], { optional: true })
  status?: string;

  @BooleanField({ optional: true })
  is_deleted?: boolean;

  @MoneyField({ optional: true })
  premium_amount?: string;

  @CurrencyField({ optional: true })
  currency?: string;

  @EmailField({ optional: true })
  email?: string;

  @PhoneField({ optional: true })
  phone?: string;

  @IntegerField({ min: 1, max: 12, optional: true })
  instalments?: number;

  @ObjectField(() => ValidityDto, { optional: true, nullable: true })
  validity_period?: ValidityDto | null;

  @UuidField({ each: true, maxItems: 3, optional: true })
  files?: string[];
}

@Controller('quotes')
class QuotesController {
  @Post()
  create(@Body() quote: QuoteDto) {
    return { quote, isQuote: quote instanceof QuoteDto };
  }
}

describe('a body', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([QuotesController]);
  });

  afterAll(() => api.close());

  const post = async (payload: string | object) => {
    const headers = { 'content-type': 'application/json' };
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const response = await api.inject({ method: 'POST', url: '/api/v1/quotes', payload: body, headers });
    return { status: response.statusCode, body: response.json() };
  };

  const faultsOf = async (payload: string | object): Promise<string[]> => {
    const { status, body } = await post(payload);
    if (status < 400) return [];
    expect(status).toBe(422);
    return (body.errors as FieldFault[]).map(({ pointer, code }) => `${pointer} ${code}`);
  };

  it('arrives as its DTO, with texts of one line trimmed and ids in lower case', async () => {
    const { status, body } = await post({
      title: '  КАСКО ',
      comments: ' a\nb ',
      owner_id: ID.toUpperCase(),
      validity_period: { start: '2026-01-01', end: null },
      files: [ID.toUpperCase()],
    });
    expect(status).toBe(201);
    expect(body.isQuote).toBe(true);
    expect(body.quote).toEqual({
      title: 'КАСКО',
      comments: ' a\nb ',
      owner_id: ID,
      validity_period: { start: '2026-01-01', end: null },
      files: [ID],
    });
  });

  it('takes names in camelCase, at every level', async () => {
    const { body } = await post({
      title: 'a',
      isDeleted: true,
      validityPeriod: { start: '2026-01-01' },
      premiumAmount: '1.5',
    });
    expect(body.quote).toMatchObject({
      is_deleted: true,
      validity_period: { start: '2026-01-01' },
      premium_amount: '1.5',
    });
  });

  it('is refused with every fault at once', async () => {
    const { body } = await post({
      title: '',
      ownerId: 'x',
      status: 'Ready',
      surprise: 1,
      validity_period: { start: '2026-02-30', finish: 1 },
      files: [ID, 7],
    });
    expect(body).toMatchObject({ code: 'validation_failed', status: 422 });
    expect(body.errors).toEqual([
      { pointer: '/surprise', code: 'unknown_field', detail: expect.any(String) },
      { pointer: '/title', code: 'too_short', detail: 'must be at least 1 character long' },
      { pointer: '/owner_id', code: 'not_a_uuid', detail: 'must be a UUID' },
      { pointer: '/status', code: 'not_one_of', detail: 'must be one of draft, ready' },
      { pointer: '/validity_period/finish', code: 'unknown_field', detail: expect.any(String) },
      { pointer: '/validity_period/start', code: 'not_a_date', detail: expect.any(String) },
      { pointer: '/files/1', code: 'not_a_uuid', detail: 'must be a UUID' },
    ]);
  });

  it.each<[string, unknown, string | null]>([
    ['title', undefined, 'required'],
    ['title', null, 'null_not_allowed'],
    ['title', 7, 'not_a_string'],
    ['title', ['a'], 'not_a_string'],
    ['title', { a: 1 }, 'not_a_string'],
    ['title', ' \u00a0\t', 'too_short'],
    ['title', 'abcde', null],
    ['title', 'abcdef', 'too_long'],
    ['title', '😀😀😀😀😀', null],
    ['title', '😀😀😀😀😀😀', 'too_long'],
    ['title', ' abcde ', null],
    ['comments', null, null],
    ['comments', '   ', 'too_short'],
    ['owner_id', null, 'null_not_allowed'],
    ['owner_id', `${ID}\n`, 'not_a_uuid'],
    ['owner_id', [ID], 'not_a_uuid'],
    ['status', 'ready', null],
    ['status', 'toString', 'not_one_of'],
    ['is_deleted', 'true', 'not_a_boolean'],
    ['is_deleted', 1, 'not_a_boolean'],
    ['premium_amount', '0.01', null],
    ['premium_amount', '999999999999.99', null],
    ['premium_amount', 100, 'not_money'],
    ['premium_amount', '0', 'not_money'],
    ['premium_amount', '0.00', 'not_money'],
    ['premium_amount', '1.005', null],
    ['premium_amount', '0.000', 'not_money'],
    ['premium_amount', `1.${'0'.repeat(18)}5`, 'not_money'],
    ['premium_amount', '-1', 'not_money'],
    ['premium_amount', '1e3', 'not_money'],
    ['premium_amount', ' 1', 'not_money'],
    ['premium_amount', '1\n', 'not_money'],
    ['premium_amount', 'NaN', 'not_money'],
    ['premium_amount', '1000000000000', 'not_money'],
    ['premium_amount', '1,5', 'not_money'],
    ['currency', 'RUB', null],
    ['currency', ' rub ', null],
    ['currency', 'рубль', 'not_a_currency'],
    ['currency', 'ZZZ', 'not_a_currency'],
    ['email', ' a@b.example ', null],
    ['email', 'почта@пример.рф', null],
    ['email', 'a@b', 'not_an_email'],
    ['email', `${'a'.repeat(250)}@b.ru`, 'not_an_email'],
    ['phone', '+7 (912) 345-67-89', null],
    ['phone', '8 (495) 123-45-67 доб. 123', null],
    ['phone', '+7 495 123-45-67, ext. 4', null],
    ['phone', '345-67-89', null],
    ['phone', 'доб. 123', 'not_a_phone'],
    ['phone', '8 495 123-45-67 доб.', 'not_a_phone'],
    ['phone', '1234567890123456', 'not_a_phone'],
    ['phone', `8 495 123-45-67${' '.repeat(60)}доб. 1`, 'not_a_phone'],
    ['phone', '+-------', 'not_a_phone'],
    ['phone', 'call me', 'not_a_phone'],
    ['instalments', 12, null],
    ['instalments', 13, 'out_of_range'],
    ['instalments', 1.5, 'not_an_integer'],
    ['instalments', '3', 'not_an_integer'],
    ['instalments', 1e300, 'not_an_integer'],
    ['validity_period', null, null],
    ['validity_period', [], 'not_an_object'],
    ['validity_period', [{ start: '2026-01-01' }], 'not_an_object'],
    ['validity_period', 'x', 'not_an_object'],
    ['files', ID, 'not_a_list'],
    ['files', [], null],
    ['files', [ID, ID, ID, ID], 'too_many'],
  ])('with %s %j is refused with %s', async (name, value, code) => {
    const faults = await faultsOf({ title: 'a', [name]: value });
    expect(faults).toEqual(code === null ? [] : [`/${name} ${code}`]);
  });

  it.each([
    ['{"title":"a\\u0000"}', 'invalid_characters', '/title'],
    ['{"title":"\\ud800"}', 'invalid_characters', '/title'],
    ['{"title":"a","x":{"y/z":["\\udc00b"]}}', 'invalid_characters', '/x/y~1z/0'],
    ['{"title":"a","\\u0000":1}', 'invalid_characters', '/\u0000'],
    ['{"title":"a","instalments":1e999}', 'not_finite', '/instalments'],
    ['{"title":"a","ownerId":null,"owner_id":null}', 'duplicate_field', '/owner_id'],
    ['{"title":"a","validityPeriod":{"aB":1,"a_b":1}}', 'duplicate_field', '/validity_period/a_b'],
  ])('such as %s is refused with %s', async (payload, code, pointer) => {
    const { status, body } = await post(payload);
    expect([status, body.code, body.errors[0].code, body.errors[0].pointer]).toEqual([422, code, code, pointer]);
  });

  it('with both halves of a surrogate pair is taken', async () => {
    expect((await post('{"title":"\\ud83d\\ude00"}')).body.quote.title).toBe('😀');
  });

  it('with tens of thousands of members is refused at once with a short answer', async () => {
    const members = Array.from({ length: 50_000 }, (_, index) => `"a${index}":0`).join(',');
    for (const payload of [`{${members}}`, `{"title":"a","validity_period":{${members}}}`]) {
      const { body } = await post(payload);
      expect(body).toMatchObject({ status: 422, code: 'too_many_fields' });
      expect(body.errors).toHaveLength(1);
    }
    const unknown = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`a${index}`, 0]));
    expect((await post(unknown)).body.errors).toHaveLength(100);
  });

  it.each([
    ['toString', 'to_string'],
    ['hasOwnProperty', 'has_own_property'],
    ['valueOf', 'value_of'],
    ['then', 'then'],
    ['__defineGetter__', '__defineGetter__'],
  ])('refuses the name %s, which every object has or which makes a promise, as unknown', async (given, name) => {
    expect(await faultsOf(`{"title":"a","${given}":1}`)).toEqual([`/${name} unknown_field`]);
    const nested = await faultsOf(`{"title":"a","validity_period":{"start":"2026-01-01","${given}":1}}`);
    expect(nested).toEqual([`/validity_period/${name} unknown_field`]);
  });
});
