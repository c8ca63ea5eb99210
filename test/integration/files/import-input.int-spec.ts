import fc from 'fast-check';
import { Agent, request } from 'node:http';
import { csvOf, ImportHarness } from '../../support/import-harness.js';

const HEADER = 'name,kind\r\n';

describe('an invalid import file', () => {
  let harness: ImportHarness;
  let url: string;
  let before: Readonly<Record<string, number>>;

  beforeAll(async () => {
    harness = await ImportHarness.open({ CRM_IMPORT_BYTES: '20000000', CRM_IMPORT_ROWS: '3000' });
    url = await harness.crm.api.listen();
    before = await counts();
  });
  afterAll(() => harness.close());

  /** Row counts of every table except those with the state of background work. */
  const counts = async () => ({
    ...(await harness.crm.rowCounts()),
    ...{ job_requests: 0, job_schedules: 0, event_cursors: 0, leases: 0, installation: 0, derived_columns: 0 },
  });
  const form = (part: string) => `--x\r\nContent-Disposition: form-data; ${part}\r\n--x--\r\n`;
  const FILE_NAME = `name="file"; filename="a.csv"\r\n\r\n${HEADER}А,person`;
  const FILE_PART = `--x\r\nContent-Disposition: form-data; ${FILE_NAME}\r\n`;
  const FIELD = '\r\n--x\r\nContent-Disposition: form-data; name="note"\r\n\r\ntext';
  const cutForm = (file: string) =>
    `--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${file}`;
  const asForm = { 'content-type': 'multipart/form-data; boundary=x' };

  it.each<[string, string | Buffer, number, string]>([
    ['nothing', '', 422, 'empty_file'],
    ['a byte order mark alone', '\ufeff', 422, 'empty_file'],
    ['white lines', '\r\n\r\n\n', 422, 'empty_file'],
    ['a header alone', HEADER, 422, 'empty_file'],
    ['an unknown column', 'name,kind,color\r\nА,person,red\r\n', 422, 'wrong_columns'],
    ['a column twice', 'name,kind,name\r\nА,person,Б\r\n', 422, 'wrong_columns'],
    ['a column missing', 'kind\r\nperson\r\n', 422, 'wrong_columns'],
    ['no header', 'Анна,person\r\n', 422, 'wrong_columns'],
    ['an open quotation mark', `${HEADER}"А,person\r\nБ,person\r\n`, 422, 'malformed_csv'],
    ['a quotation mark inside', `${HEADER}"А"Б,person\r\n`, 422, 'malformed_csv'],
    ['a cell of 10 MB', `${HEADER}${'x'.repeat(10_000_000)},person\r\n`, 422, 'row_too_long'],
    ['a quoted cell of 10 MB', `${HEADER}"${'x\n'.repeat(5_000_000)}",person\r\n`, 422, 'row_too_long'],
    ['a header of 10 MB', 'x'.repeat(10_000_000), 422, 'row_too_long'],
    ['another encoding', Buffer.from([0x6e, 0xff, 0xfe, 0x2c, 0x6b]), 422, 'wrong_encoding'],
    ['a character cut in two', Buffer.concat([Buffer.from(HEADER), Buffer.from([0xd0])]), 422, 'wrong_encoding'],
    ['UTF-16', Buffer.from('\ufeffname,kind\r\n', 'utf16le'), 422, 'wrong_encoding'],
    ['too many rows', HEADER + 'А,person\r\n'.repeat(3_001), 413, 'too_many_rows'],
    ['too many bytes', HEADER + 'А,person\r\n'.repeat(1_900_000), 413, 'file_too_large'],
    ['names of an object', '__proto__,constructor\r\nА,person\r\n', 422, 'wrong_columns'],
  ])('is refused: %s', async (_what, file, status, code) => {
    const answer = await harness.submit('clients', file);
    expect(answer).toMatchObject({ status, code, headers: { 'content-type': 'application/problem+json' } });
  });

  it.each<[string, string, Readonly<Record<string, string>>, number, string]>([
    ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'unsupported_media_type'],
    ['no type', 'name', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['another field', form('name="x"; filename="x.csv"\r\n\r\nname'), asForm, 422, 'file_required'],
    ['a form without a file', form('name="file"\r\n\r\nname'), asForm, 422, 'file_required'],
    ['a form without parts', '--x--\r\n', asForm, 422, 'file_required'],
    ['nothing at all as a form', '', asForm, 422, 'file_required'],
    ['a form cut off in its first boundary', '--', asForm, 400, 'malformed_multipart'],
    ['a form cut off in its headers', '--x\r\nContent-Dispo', asForm, 400, 'malformed_multipart'],
    ['a form cut off in its file', cutForm(`${HEADER}Ан`), asForm, 400, 'malformed_multipart'],
    ['a form cut off behind its file', cutForm(`${HEADER}А,person\r\n\r\n--x`), asForm, 400, 'malformed_multipart'],
    [
      'a form cut off in a part behind it',
      cutForm(`${HEADER}А,person\r\n${FIELD}`),
      asForm,
      400,
      'malformed_multipart',
    ],
    ['a form with two files', FILE_PART + form(FILE_NAME), asForm, 400, 'malformed_multipart'],
    ['a form with a hundred fields', `${FIELD.repeat(100)}\r\n${form(FILE_NAME)}`, asForm, 400, 'malformed_multipart'],
    ['a form with a name of an object', form('name="__proto__"\r\n\r\nx'), asForm, 400, 'malformed_multipart'],
    ['a form without boundaries in it', 'x'.repeat(100_000), asForm, 400, 'malformed_multipart'],
    ['a form without boundary', 'x', { 'content-type': 'multipart/form-data' }, 400, 'malformed_multipart'],
  ])('is refused: sent as %s', async (_what, body, headers, status, code) => {
    const answer = await harness.admin.post('/imports/clients', body, headers);
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
  });

  it.each(['mode=most', 'duplicates=maybe', 'dry_run=1', 'encoding=koi8-r', 'colour=red'])(
    'is refused with ?%s',
    async (query) => {
      expect(await harness.submit(`clients?${query}`, `${HEADER}А,person\r\n`)).toMatchObject({
        status: 422,
        code: 'validation_failed',
      });
    },
  );

  it('is refused by routes that accept no file', async () => {
    const answer = await harness.admin.post('/clients', HEADER, { 'content-type': 'text/csv' });
    expect(answer).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(await harness.admin.post('/clients', form('name="file"'), asForm)).toMatchObject({ status: 415 });
  });

  it('is refused above the size limit, and its connection stays usable', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (body: Buffer) =>
      new Promise<number>((resolve, reject) => {
        const headers = { ...harness.admin.authorization, 'content-type': 'text/csv' };
        const outgoing = request(`${url}/api/v1/imports/clients`, { method: 'POST', agent, headers }, (incoming) => {
          incoming.resume();
          incoming.on('end', () => resolve(incoming.statusCode!));
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    const row = `${'x'.repeat(100_000)},${'y'.repeat(100_000)}\r\n`;
    expect(await send(Buffer.from(HEADER + row.repeat(101)))).toBe(413);
    expect(await send(Buffer.from('color\r\nred\r\n'))).toBe(422);
    agent.destroy();
  });

  it('that ends early stores nothing', async () => {
    await new Promise<void>((resolve) => {
      const headers = { ...harness.admin.authorization, 'content-type': 'text/csv', 'content-length': '1000000' };
      const outgoing = request(`${url}/api/v1/imports/clients`, { method: 'POST', headers });
      outgoing.on('error', () => resolve());
      outgoing.write(HEADER + 'А,person\r\n'.repeat(2_000), () => outgoing.destroy());
    });
    expect(await harness.admin.get('/clients')).toMatchObject({ status: 200 });
  });

  it('has changed no table', async () => {
    expect(await counts()).toEqual(before);
  });

  it('with a row that cannot be stored reports the line of that row', async () => {
    const rows = [
      ['А\u0000Б', 'person'],
      ['В\u0007', 'person'],
      ["'=1+1", 'person'],
      ['=1+1', 'company'],
    ];
    const run = await harness.importFile('clients?mode=good_rows', csvOf(['name', 'kind'], rows));
    expect(run).toMatchObject({ state: 'done', created: 2, failed: 2 });
    expect(await harness.faults(run)).toMatchObject([
      { line: 2, column: 'name', code: 'invalid_characters' },
      { line: 3, column: 'name', code: 'invalid_characters' },
    ]);
    const named = await harness.crm.database.rows<{ kind: string }>(`SELECT kind FROM crm.clients WHERE name = '=1+1'`);
    expect(named.map(({ kind }) => kind).sort()).toEqual(['company', 'person']);
  });

  it('is not one whose cells contain quotes, line breaks or delimiters', async () => {
    const client = await harness.crm.client(harness.admin);
    const cell = fc.stringMatching(/^[a-zа-я",;\t\r\n ]{0,12}$/).map((text) => `я${text}я`);
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (texts) => {
        await harness.crm.database.rows('UPDATE crm.deals SET is_deleted = true, deleted_at = now()');
        const rows = texts.map((text) => [client.id, 'КАСКО', '2026-03-10', text]);
        const columns = ['client_id', 'title', 'next_review_at', 'description'];
        const run = await harness.importFile('deals', csvOf(columns, rows));
        expect(run).toMatchObject({ state: 'done', created: texts.length });
        const stored = await harness.crm.database.rows<{ description: string }>(
          'SELECT description FROM crm.deals WHERE NOT is_deleted',
        );
        expect(stored.map(({ description }) => description).sort()).toEqual([...texts].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('is answered without a server error for random bytes', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc
        .array(fc.constantFrom('name', 'kind', ',', ';', '"', '\r', '\n', '\t', 'person', '\u0000', 'я', "'", '='), {
          maxLength: 60,
        })
        .map((parts) => Buffer.from(HEADER + parts.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (file) => {
        const { status, code } = await harness.submit('clients?mode=good_rows', file);
        expect([202, 422]).toContain(status);
        if (status === 422) expect(code).toBeDefined();
      }),
      { numRuns: 200 },
    );
  });
});
