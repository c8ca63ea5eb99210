import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { TestUser } from '#platform/testing';
import { ComposedTexts1764000023900 } from '../../../migrations/1764000023900-composed-texts.js';
import type { Crm, Listed } from '../../support/crm.js';
import { csvOf, ImportHarness } from '../../support/import-harness.js';
import { addQuote } from '../../support/sale.js';

/** Letters with their marks: one character each, or two. */
const COMPOSED = 'Йёлка Café'.normalize('NFC');
const DECOMPOSED = COMPOSED.normalize('NFD');
const BOTH = [COMPOSED, DECOMPOSED];
const INVISIBLE = [
  ['spaces of other kinds', '\u2003\u00a0'],
  ['zero-width characters', '\u200b\u200c\u200d\u2060\ufeff'],
  ['direction marks', '\u200e\u200f'],
  ['a soft hyphen', '\u00ad'],
  ['Hangul fillers', '\u115f\u1160\u3164\uffa0'],
  ['a Braille blank', '\u2800'],
  ['a grapheme joiner', '\u034f'],
  ['a Mongolian vowel separator', '\u180e'],
  ['marks alone', '\u0301\u0308'],
  ['tags', '\u{e0041}\u{e0042}'],
  ['private characters', '\ue000'],
] as const;
const NOT_OF_ONE_LINE = [
  ['a line feed', '\n'],
  ['a carriage return', '\r'],
  ['a tab', '\t'],
  ['a next line', '\u0085'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['a right-to-left override', '\u202e'],
  ['an embedding', '\u202a'],
  ['an isolate', '\u2066'],
  ['the end of an isolate', '\u2069'],
] as const;

describe('the text of a request', () => {
  let harness: ImportHarness;
  let crm: Crm;
  let lead: TestUser;

  beforeAll(async () => {
    harness = await ImportHarness.open();
    crm = harness.crm;
    lead = crm.user('lead');
  });
  beforeEach(() => crm.database.rows('UPDATE crm.deals SET is_deleted = true, deleted_at = now()'));
  beforeEach(() => crm.database.rows('UPDATE crm.clients SET is_deleted = true, deleted_at = now()'));
  afterAll(() => harness.close());

  /** Names of what a search finds. */
  async function found(list: 'clients' | 'deals', text: string): Promise<string[]> {
    const path = `/${list}?search=${encodeURIComponent(text)}`;
    const { body } = await lead.get<Listed<Partial<ClientView & DealView>>>(path);
    return body.items.map(({ name, title }) => name ?? title);
  }

  it('is stored and found in normalisation form C', async () => {
    const { id: client_id } = await crm.client(lead, { name: DECOMPOSED });
    const deal = await crm.deal(lead, { client_id, title: DECOMPOSED, description: `1\n${DECOMPOSED}` });
    expect([deal.title, deal.description]).toEqual([COMPOSED, `1\n${COMPOSED}`]);
    for (const text of BOTH) {
      expect(await found('clients', text)).toEqual([COMPOSED]);
      expect(await found('deals', text)).toEqual([COMPOSED]);
    }
  });

  it('in a list is in normalisation form C', async () => {
    const deal = await crm.deal(lead);
    const quote = await addQuote(lead, deal, { files: BOTH, insurance_company: DECOMPOSED });
    expect(quote).toMatchObject({ files: [COMPOSED, COMPOSED], insurance_company: COMPOSED });
  });

  it('of a file is in normalisation form C', async () => {
    const run = await harness.importFile('clients', csvOf(['name', 'kind'], [[DECOMPOSED, 'person']]));
    expect(run).toMatchObject({ state: 'done', created: 1 });
    expect(await found('clients', DECOMPOSED)).toEqual([COMPOSED]);
  });

  it('that was stored in another form is found after the migration', async () => {
    const { id } = await crm.deal(lead);
    const long = '\u0958'.repeat(255);
    const other = await crm.deal(lead, { title: 'long' });
    const store = 'UPDATE crm.deals SET title = $2, description = $3 WHERE id = $1';
    await crm.database.rows(store, [id, DECOMPOSED, DECOMPOSED]);
    await crm.database.rows('UPDATE crm.deals SET title = $2 WHERE id = $1', [other.id, long]);
    await new ComposedTexts1764000023900().up({ query: (sql: string) => crm.database.rows(sql) } as never);
    const { body } = await lead.get<DealView>(`/deals/${id}`);
    expect([body.title, body.description]).toEqual([COMPOSED, COMPOSED]);
    expect(await found('deals', DECOMPOSED)).toEqual([COMPOSED]);
    expect((await lead.get<DealView>(`/deals/${other.id}`)).body.title).toBe(long);
  });

  it('with more than 30 combining marks in a row is refused', async () => {
    const client = { kind: 'person', name: `x${'\u0316\u0301'.repeat(15)}` };
    expect(await lead.post('/clients', client)).toMatchObject({ status: 201 });
    const answer = await lead.post('/clients', { ...client, name: `${client.name}\u0301` });
    expect(answer).toMatchObject({ status: 422, code: 'invalid_characters', body: { errors: [{ pointer: '/name' }] } });
  });

  it('with a hundred thousand combining marks is refused without being sorted', async () => {
    const name = `x${'\u0316\u0301'.repeat(200_000)}`;
    expect(await lead.post('/clients', { kind: 'person', name })).toMatchObject({ code: 'invalid_characters' });
  });

  it.each(INVISIBLE)('is too short as a name: %s', async (_what, text) => {
    const errors = [{ pointer: '/name', code: 'too_short' }];
    expect(await lead.post('/clients', { kind: 'person', name: text })).toMatchObject({
      status: 422,
      body: { errors },
    });
    const { id } = await crm.deal(lead);
    const title = await lead.patch(`/deals/${id}`, { title: text });
    expect(title).toMatchObject({ status: 422, body: { errors: [{ pointer: '/title', code: 'too_short' }] } });
  });

  it.each(NOT_OF_ONE_LINE)('of one line has no %s', async (_what, character) => {
    const text = `a${character}b`;
    const errors = [{ code: 'invalid_characters' }];
    expect(await lead.post('/clients', { kind: 'person', name: text })).toMatchObject({
      status: 422,
      body: { errors },
    });
    const deal = await crm.deal(lead, { description: text });
    expect(deal.description).toBe(text);
    expect(await lead.patch(`/deals/${deal.id}`, { title: text })).toMatchObject({ status: 422, body: { errors } });
    const path = `/clients?search=${encodeURIComponent(text)}`;
    expect(await lead.get(path)).toMatchObject({ status: 422, body: { errors } });
  });

  it('of a file is checked like that of a request', async () => {
    const names = ['\u3164', 'a\u202eb', 'a\nb', 'Анна'];
    const rows = names.map((name) => [name, 'person']);
    const run = await harness.importFile('clients', csvOf(['name', 'kind'], rows));
    expect(run).toMatchObject({ created: 1, failed: 3 });
    const codes = (await harness.faults(run)).map(({ code }) => code);
    expect(codes).toEqual(['too_short', 'invalid_characters', 'invalid_characters']);
  });

  it('with joiners, direction marks and emoji is stored as sent', async () => {
    for (const name of ['می\u200cخواهم', '👩\u200d💻', 'שלום\u200f', '❤\ufe0f']) {
      expect((await crm.client(lead, { name })).name).toBe(name);
    }
  });

  it('that was stored earlier is read unchanged', async () => {
    const deal = await crm.deal(lead);
    const title = 'a\nb\u202e';
    await crm.database.rows('UPDATE crm.deals SET title = $2 WHERE id = $1', [deal.id, title]);
    expect((await lead.get<DealView>(`/deals/${deal.id}`)).body.title).toBe(title);
    const changed = await lead.patch<DealView>(`/deals/${deal.id}`, { description: 'x' });
    expect(changed).toMatchObject({ status: 200, body: { title, description: 'x' } });
  });
});

describe('the encoding of a request', () => {
  let harness: ImportHarness;
  let lead: TestUser;

  beforeAll(async () => {
    harness = await ImportHarness.open();
    lead = harness.crm.user('lead');
  });
  afterAll(() => harness.close());

  const REFUSED = { status: 415, code: 'unsupported_media_type' };
  const client = { name: 'Анна', kind: 'person' };
  const file = csvOf(['name', 'kind'], [['Анна', 'person']]);
  const hand = (type: string, body: string | Buffer, query = '') =>
    harness.admin.post(`/imports/clients?dry_run=true${query}`, body, { 'content-type': type });
  const form = (type: string) =>
    `--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: ${type}\r\n\r\n${file}\r\n--x--\r\n`;

  it.each(['gzip', 'br', 'deflate', 'x-unknown', 'identity, gzip'])('%s is refused', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    const answer = await lead.post('/clients', client, headers);
    expect(answer).toMatchObject({ ...REFUSED, headers: { 'content-type': 'application/problem+json' } });
    expect(answer.headers['accept-encoding']).toBe('identity');
    expect(
      await harness.admin.post('/imports/clients', file, { 'content-type': 'text/csv', ...headers }),
    ).toMatchObject(REFUSED);
  });

  it('identity is accepted', async () => {
    expect((await lead.post('/clients', client, { 'content-encoding': 'Identity' })).status).toBe(201);
  });

  it.each(['windows-1251', 'utf-16', 'latin1', '"UTF-16LE"', 'utf-8; charset=utf-16', ''])(
    'JSON of the charset %s is refused',
    async (charset) => {
      const headers = { 'content-type': `application/json; charset=${charset}` };
      expect(await lead.post('/clients', client, headers)).toMatchObject(REFUSED);
    },
  );

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii'])('JSON of the charset %s is accepted', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    expect((await lead.post('/clients?allow_duplicate=true', client, headers)).status).toBe(201);
  });

  it.each(['koi8-r', 'utf-16', 'iso-8859-1', '"x-unknown"'])('a file of the charset %s is refused', async (charset) => {
    expect(await hand(`text/csv; charset=${charset}`, file)).toMatchObject(REFUSED);
  });

  it.each(['utf-8', '"UTF-8"', 'us-ascii', 'utf8'])('a file of the charset %s is accepted', async (charset) => {
    expect((await hand(`text/csv; charset=${charset}`, file)).status).toBe(202);
  });

  it('a file of Windows-1251 is accepted, also with the encoding in the query', async () => {
    const anna = Buffer.concat([Buffer.from('name,kind\r\n'), Buffer.from([0xc0]), Buffer.from(',person\r\n')]);
    for (const charset of ['windows-1251', 'Windows-1251', 'cp1251']) {
      expect((await hand(`text/csv; charset=${charset}`, anna)).status).toBe(202);
    }
    expect((await hand('text/csv; charset=unknown', anna, '&encoding=windows-1251')).status).toBe(202);
  });

  it('a file of a form in another charset than the query names is refused', async () => {
    const [head, tail] = form('text/csv; charset=koi8-r').split('Анна') as [string, string];
    const anna = Buffer.concat([Buffer.from(head), Buffer.from([0xe1, 0xce, 0xce, 0xc1]), Buffer.from(tail)]);
    const type = 'multipart/form-data; boundary=x';
    expect(await hand(type, anna)).toMatchObject({ status: 422, code: 'wrong_encoding' });
    expect((await hand(type, form('text/csv; charset=utf-8'))).status).toBe(202);
  });
});
