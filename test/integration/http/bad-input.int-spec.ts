import type { Answer, Method, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

const LONE_SURROGATE = '"\\ud800"';

describe('an invalid request', () => {
  let crm: Crm;
  let lead: TestUser;
  let paths: { readonly client: string; readonly deal: string };
  let deal: Record<string, unknown>;
  let before: Readonly<Record<string, number>>;

  beforeAll(async () => {
    crm = await Crm.start();
    lead = crm.user('lead');
    const client = await crm.client(lead);
    deal = { client_id: client.id, title: 'КАСКО', next_review_at: '2026-03-10' };
    const { id } = await crm.deal(lead, deal);
    paths = { client: `/clients/${client.id}`, deal: `/deals/${id}` };
    before = await crm.rowCounts();
  });
  afterEach(async () => expect(await crm.rowCounts()).toEqual(before));
  afterAll(() => crm.stop());

  /** The problem document for one fault of one field. */
  const fault = (pointer: string, code: string) => ({ pointer, code, detail: expect.any(String) });
  function expectFault(answer: Answer<unknown>, pointer: string, code: string): void {
    expect(answer).toMatchObject({ status: 422, body: { errors: [fault(pointer, code)] } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
  }

  it.each<[string, object, string, string]>([
    ['an unknown field', { color: 'red' }, '/color', 'unknown_field'],
    ['a field that is not given', { title: undefined }, '/title', 'required'],
    ['null for a date', { next_review_at: null }, '/next_review_at', 'null_not_allowed'],
    ['an empty title', { title: '   ' }, '/title', 'too_short'],
    ['a title of 10,000 characters', { title: 'x'.repeat(10_000) }, '/title', 'too_long'],
    ['a title of 256 characters', { title: 'Ж'.repeat(256) }, '/title', 'too_long'],
    ['a number for a title', { title: 7 }, '/title', 'not_a_string'],
    ['an object for a title', { title: { $ne: '' } }, '/title', 'not_a_string'],
    ['a list for a title', { title: ['КАСКО'] }, '/title', 'not_a_string'],
    ['a NUL', { title: 'nul\u0000' }, '/title', 'invalid_characters'],
    ['a number for an id', { client_id: 7 }, '/client_id', 'not_a_uuid'],
    ['a malformed id', { client_id: '7d' }, '/client_id', 'not_a_uuid'],
    ['a list for an id', { owner_id: [] }, '/owner_id', 'not_a_uuid'],
    ['an impossible day', { next_review_at: '2026-02-30' }, '/next_review_at', 'not_a_date'],
    ['an instant for a day', { next_review_at: '2026-03-10T00:00:00Z' }, '/next_review_at', 'not_a_date'],
    ['the year 0', { next_review_at: '0000-01-01' }, '/next_review_at', 'not_a_date'],
    ['a number for a day', { next_review_at: 20260310 }, '/next_review_at', 'not_a_date'],
    ['a field that only we set', { status: 'won' }, '/status', 'unknown_field'],
    ['a version', { version: 7 }, '/version', 'unknown_field'],
  ])('does not open a deal: %s', async (_what, facts, pointer, code) => {
    expectFault(await lead.post('/deals', { ...deal, ...facts }), pointer, code);
  });

  it('does not open a deal: half a surrogate pair', async () => {
    const text = JSON.stringify({ ...deal, title: '?' }).replace('"?"', LONE_SURROGATE);
    expectFault(await lead.post('/deals', text), '/title', 'invalid_characters');
  });

  it.each<[string, object, string, string]>([
    ['an unknown kind', { kind: 'robot' }, '/kind', 'not_one_of'],
    ['no e-mail', { email: 'maria@' }, '/email', 'not_an_email'],
    ['no phone', { phone: 'call me' }, '/phone', 'not_a_phone'],
    ['a number for a phone', { phone: 79123456789 }, '/phone', 'not_a_phone'],
    ['a tax id of 11 digits', { tax_id: '77070838931' }, '/tax_id', 'not_a_tax_id'],
    ['an ИНН of a company with a wrong control digit', { tax_id: '7707083894' }, '/tax_id', 'tax_id_check_digits'],
    ['an ИНН of a person with a wrong control digit', { tax_id: '500100732258' }, '/tax_id', 'tax_id_check_digits'],
    ['a tax id without digits', { tax_id: 'ИНН' }, '/tax_id', 'not_a_tax_id'],
    ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }, '/name', 'too_long'],
    ['a field that only we set', { merged_into_id: null }, '/merged_into_id', 'unknown_field'],
    ['a key of ours', { email_key: 'x' }, '/email_key', 'unknown_field'],
  ])('does not add a client: %s', async (_what, facts, pointer, code) => {
    expectFault(await lead.post('/clients', { name: 'x', kind: 'person', ...facts }), pointer, code);
  });

  it.each<[string, (path: typeof paths) => string, unknown, string, string]>([
    ['an unknown stage', ({ deal: path }) => `${path}/stage`, { stage: 'won' }, '/stage', 'not_one_of'],
    ['no stage', ({ deal: path }) => `${path}/stage`, {}, '/stage', 'required'],
    ['a stage of a client', ({ client }) => client, { stage: 'proposal' }, '/stage', 'unknown_field'],
    ['text for a flag', ({ deal: path }) => path, { is_deleted: 'true' }, '/is_deleted', 'not_a_boolean'],
    ['null for a title', ({ deal: path }) => path, { title: null }, '/title', 'null_not_allowed'],
    ['another client', ({ deal: path }) => path, { client_id: null }, '/client_id', 'unknown_field'],
    ['a malformed owner', ({ deal: path }) => `${path}/assignment`, { owner_id: 'me' }, '/owner_id', 'not_a_uuid'],
  ])('changes nothing: %s', async (_what, path, body, pointer, code) => {
    expectFault(await lead.patch(path(paths), body), pointer, code);
  });

  it.each([
    ['an unknown list', { name: 'A', rows: Array<number>(10_001).fill(0) }],
    ['a list for an object', { validity_period: Array<object>(10_001).fill({}) }],
  ])('is refused before validation when its lists have more than 10,000 items: %s', async (_what, body) => {
    expect(await lead.post('/clients', body)).toMatchObject({ status: 400, code: 'too_many_items' });
  });

  it('is answered with all faults at once', async () => {
    const answer = await lead.post('/deals', { client_id: 'x', title: '', color: 'red' });
    const errors = [fault('/color', 'unknown_field'), fault('/client_id', 'not_a_uuid'), fault('/title', 'too_short')];
    expect(answer.body).toMatchObject({
      errors: expect.arrayContaining([...errors, fault('/next_review_at', 'required')]),
    });
  });

  it.each([
    ['?foo=1', '?foo', 'unknown_parameter'],
    ['?period=1d', '?period', 'not_one_of'],
    ['?client_id=7', '?client_id', 'not_a_uuid'],
    ['?search=%00', '?search', 'invalid_characters'],
    ['?search=' + 'x'.repeat(256), '?search', 'too_long'],
    ['?stage=proposal&stage=won', '?stage', 'not_one_of'],
    ['?client_id=a&client_id=b', '?client_id', 'not_a_uuid'],
  ])('is refused by lists with %s', async (query, pointer, code) => {
    expectFault(await lead.get(`/deals${query}`), pointer, code);
  });

  it.each<[Method, string]>([
    ['GET', '/deals/7'],
    ['PATCH', '/deals/not-a-uuid'],
    ['PATCH', '/deals/00000000-0000-0000-0000-00000000000/stage'],
    ['DELETE', '/deals/%27%20OR%201=1'],
    ['GET', '/clients/{id}'],
    ['GET', '/deals/7/journal'],
    ['POST', '/deals/7/journal'],
  ])('finds nothing at %s %s: a malformed id', async (method, path) => {
    const body = method === 'POST' ? { body: 'x' } : method === 'PATCH' ? { stage: 'proposal' } : undefined;
    const isStage = path.endsWith('/stage') || method !== 'PATCH';
    const answer = await lead.send(method, path, { body: isStage ? body : {} });
    expect(answer).toMatchObject({ status: 400, code: 'malformed_id' });
  });

  it.each<[string, string | Buffer | undefined, string, number, string]>([
    ['no JSON', '{"title": ', 'application/json', 400, 'malformed_json'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'application/json', 400, 'malformed_json'],
    ['a list', '[]', 'application/json', 422, 'validation_failed'],
    ['a text', '"КАСКО"', 'application/json', 422, 'validation_failed'],
    ['null', 'null', 'application/json', 422, 'validation_failed'],
    ['nothing', '', 'application/json', 422, 'validation_failed'],
    ['a prototype', '{"__proto__": {"title": "x"}}', 'application/json', 400, 'forbidden_key'],
    ['a form', 'title=x', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['XML', '<deal/>', 'text/xml', 415, 'unsupported_media_type'],
    ['a body over 1 MiB', `{"title": "${'x'.repeat(1_100_000)}"}`, 'application/json', 413, 'body_too_large'],
  ])('is refused: %s', async (_what, body, type, status, code) => {
    const answer = await lead.send('POST', '/deals', { body, headers: { 'content-type': type } });
    expect(answer).toMatchObject({ status, code });
  });

  it('is refused when a DELETE has a body', async () => {
    const answer = await lead.send('DELETE', paths.deal, { body: { force: true } });
    expectFault(answer, '/force', 'unknown_field');
  });

  it.each([
    ['PUT', 405],
    ['POST', 405],
  ] as const)('is refused when a deal is sent %s', async (method, status) => {
    expect(await lead.send(method, paths.deal, { body: {} })).toMatchObject({ status, code: 'method_not_allowed' });
  });
});
