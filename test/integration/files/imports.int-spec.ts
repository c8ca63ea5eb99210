import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { newId } from '#platform/kernel';
import { csvOf, ImportHarness, type ShownImport } from '../../support/import-harness.js';
import { Crm, type Listed } from '../../support/crm.js';

const DEAL_COLUMNS = ['client_id', 'title', 'next_review_at'];

it('an import whose job has failed for good is failed until the job is retried', async () => {
  const crm = await Crm.start();
  try {
    const admin = crm.user('admin');
    const csv = csvOf(['name', 'kind'], [['Клиент', 'person']]);
    const { body } = await admin.post<ShownImport>('/imports/clients', csv, { 'content-type': 'text/csv' });
    const state = async () => (await admin.get<ShownImport>(`/imports/${body.id}`)).body.state;
    const job = (to: string) =>
      crm.database.rows(`UPDATE crm.job_requests SET ${to} WHERE key = $1 RETURNING id`, [body.id]);
    expect([body.state, await state()]).toEqual(['queued', 'queued']);
    expect(await job(`state = 'failed', finished_at = now()`)).toHaveLength(1);
    expect(await state()).toBe('failed');
    expect(await job(`state = 'pending', finished_at = NULL`)).toHaveLength(1);
    expect(await state()).toBe('queued');
  } finally {
    await crm.stop();
  }
});

describe('an import file', () => {
  let harness: ImportHarness;
  let client: ClientView;

  beforeAll(async () => {
    harness = await ImportHarness.open();
    client = await harness.crm.client(harness.admin);
  });
  afterAll(() => harness.close());

  const deals = async (search: string) =>
    (await harness.admin.get<Listed<DealView>>(`/deals?search=${search}&limit=200`)).body.items;
  const clients = async (search: string) =>
    (await harness.admin.get<Listed<ClientView>>(`/clients?search=${search}`)).body.items;
  const dealRow = (title: string, id: string = client.id) => [id, title, '2026-03-10'];

  it('creates deals with journal and event, as if opened one by one', async () => {
    const owner = newId();
    const columns = ['next_review_at', 'title', 'client_id', 'owner_id', 'description', 'stage'];
    const csv = csvOf(columns, [
      ['2026-03-10', 'Первая "важная", сделка', client.id, owner, 'две\r\nстроки', ''],
      ['2026-03-11', 'Вторая сделка', client.id, '', '', 'closedWon'],
    ]);
    const run = await harness.importFile('deals', csv);
    expect(run).toMatchObject({ state: 'done', rows: 2, rows_done: 2, created: 2, failed: 0 });
    const [first] = await deals('важная');
    expect(first).toMatchObject({ title: 'Первая "важная", сделка', description: 'две\r\nстроки', owner_id: owner });
    const [second] = await deals('вторая');
    expect(second).toMatchObject({ stage: 'closedWon', owner_id: null, version: 1, closed_at: expect.any(String) });
    const [event] = await harness.crm.events(`deals/${first!.id}`);
    expect(event).toMatchObject({ type: 'deal.created', stream_version: 1, journal_seq: 1, data: { deal: first } });
    expect(event!.audience).toEqual([owner, null]);
    const verified = await harness.admin.get(`/deals/${first!.id}/journal/verify`);
    expect(verified.body).toEqual({ valid: true, entries: 1, broken_at: null });
    const changed = await harness.admin.patch(`/deals/${first!.id}`, { title: 'Позже' });
    expect(changed.status).toBe(200);
    expect((await harness.crm.journal(first!.id)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('creates clients with or without an owner, from semicolons and Windows-1251', async () => {
    const text = 'name;kind;phone;email\r\nКузнецова Анна;person;+7 912 000-11-22;anna@example.com\r\n';
    const bytes = Buffer.from(Array.from(text, cp1251));
    const run = await harness.importFile('clients?encoding=windows-1251', bytes);
    expect(run).toMatchObject({ state: 'done', created: 1 });
    expect(await clients('кузнецова')).toMatchObject([{ phone: '+7 912 000-11-22', owner_id: null, status: 'active' }]);
    expect((await harness.submit('clients', bytes)).code).toBe('wrong_encoding');
  });

  it('is accepted as a form too, with a byte order mark, tabs and columns in any order', async () => {
    const boundary = 'xxBOUNDARYxx';
    const form =
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="clients.csv"\r\n` +
      `Content-Type: text/csv\r\n\r\n\ufeffkind\tname\ncompany\tООО Форма\n\r\n--${boundary}--\r\n`;
    const type = `multipart/form-data; boundary=${boundary}`;
    const answer = await harness.admin.post<{ id: string }>('/imports/clients', form, { 'content-type': type });
    expect(answer).toMatchObject({ status: 202, headers: { location: `/api/v1/imports/${answer.body.id}` } });
    expect(await harness.waitForEnd(answer.body.id)).toMatchObject({ state: 'done', created: 1 });
    expect(await clients('ооо форма')).toHaveLength(1);
  });

  it('is imported once with one Idempotency-Key, as body or form; another file with it is refused', async () => {
    const [csv, other] = ['Семьдесят', 'Восемьсот'].map((name) => csvOf(['name', 'kind'], [[name, 'person']]));
    const send = (file: string, headers: Readonly<Record<string, string>> = { 'content-type': 'text/csv' }) =>
      harness.admin.post<{ id: string }>('/imports/clients', file, { ...headers, 'idempotency-key': 'file-1' });
    const formOf = (file: string, boundary: string) =>
      send(
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${file}\r\n--${boundary}--\r\n`,
        { 'content-type': `multipart/form-data; boundary=${boundary}` },
      );
    const { status, body } = await send(csv!);
    expect(status).toBe(202);
    expect(Buffer.byteLength(other!)).toBe(Buffer.byteLength(csv!));
    for (const changed of [await send(other!), await formOf(other!, 'one'), await send(`${csv}x,person\r\n`)]) {
      expect(changed).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    for (const again of [await send(csv!), await formOf(csv!, 'one'), await formOf(csv!, 'another')]) {
      expect(again).toMatchObject({ status: 202, body, headers: { 'idempotency-replayed': 'true' } });
    }
    await harness.waitForEnd(body.id);
    expect(await clients('семьдесят')).toHaveLength(1);
    expect(await clients('восемьсот')).toHaveLength(0);
  });

  it('is refused as a whole, with line, column and the codes of the route, when one row is invalid', async () => {
    const bad = [client.id, '', '2026-02-30'];
    const csv = csvOf(DEAL_COLUMNS, [dealRow('целое'), bad, dealRow('целое', newId()), ['a', 'b']]);
    const run = await harness.importFile('deals', csv);
    expect(run).toMatchObject({ state: 'refused', rows: 4, failed: 3 });
    expect(await harness.faults(run)).toEqual([
      { line: 3, column: 'title', code: 'required', detail: 'must be given' },
      { line: 3, column: 'next_review_at', code: 'not_a_date', detail: expect.any(String) },
      { line: 4, column: null, code: 'client_not_found', detail: expect.any(String) },
      { line: 5, column: null, code: 'wrong_cell_count', detail: expect.any(String) },
    ]);
    expect(await deals('целое')).toEqual([]);
  });

  it('has its valid rows imported with mode good_rows', async () => {
    const csv = csvOf(DEAL_COLUMNS, [dealRow('частично'), dealRow(''), dealRow('частично')]);
    expect(await harness.importFile('deals?mode=good_rows', csv)).toMatchObject({
      state: 'done',
      created: 2,
      failed: 1,
    });
    expect(await deals('частично')).toHaveLength(2);
  });

  it('changes nothing in a dry run, and returns the expected result', async () => {
    const before = await harness.crm.rowCounts();
    const csv = csvOf(DEAL_COLUMNS, [dealRow('проба'), dealRow('')]);
    const run = await harness.importFile('deals?dry_run=true&mode=good_rows', csv);
    expect(run).toMatchObject({ state: 'done', created: 1, failed: 1 });
    const after = await harness.crm.rowCounts();
    const expected = [
      'event_log',
      'event_log_default',
      'event_streams',
      'import_errors',
      'import_runs',
      'job_requests',
    ];
    expected.push('installation', 'leases', 'derived_columns'); // of the worker, at its start and its first event
    const changed = Object.keys(after).filter((table) => after[table] !== before[table]);
    expect(changed.filter((table) => !expected.includes(table))).toEqual([]);
  });

  it('refuses, skips or updates rows with an existing id, as requested', async () => {
    const id = newId();
    const columns = ['id', ...DEAL_COLUMNS];
    const csv = (title: string) => csvOf(columns, [[id, ...dealRow(title)]]);
    expect(await harness.importFile('deals', csv('по ключу'))).toMatchObject({ created: 1 });
    const refused = await harness.importFile('deals', csv('другой ключ'));
    expect(refused).toMatchObject({ state: 'refused', failed: 1 });
    expect(await harness.faults(refused)).toMatchObject([{ line: 2, code: 'id_taken' }]);
    expect(await harness.importFile('deals?duplicates=skip', csv('другой ключ'))).toMatchObject({
      state: 'done',
      skipped: 1,
    });
    expect((await harness.admin.get(`/deals/${id}`)).body).toMatchObject({ title: 'по ключу', version: 1 });
    expect(await harness.importFile('deals?duplicates=update', csv('другой ключ'))).toMatchObject({ updated: 1 });
    expect((await harness.admin.get(`/deals/${id}`)).body).toMatchObject({ title: 'другой ключ', version: 2 });
  });

  it('sets a reason only on a lost deal', async () => {
    const lost = await harness.crm.deal(harness.admin, { client_id: client.id });
    await harness.admin.patch(`/deals/${lost.id}/stage`, { stage: 'closedLost', reason: 'дорого' });
    const [open, other] = [
      await harness.crm.deal(harness.admin),
      await harness.crm.dealAt(harness.admin, 'negotiation'),
    ];
    const row = (deal: DealView, stage: string, reason: string) => [
      deal.id,
      deal.client_id,
      deal.title,
      deal.next_review_at,
      stage,
      reason,
    ];
    const rows = [
      row(lost, 'closedLost', 'передумал'),
      row(other, 'negotiation', 'дорого'),
      row(other, '', 'дорого'),
      row(lost, 'closedLost', 'дорого'),
      row(open, 'closedLost', 'дорого'),
    ];
    const take = (part: string[][]) =>
      harness.importFile(
        'deals?mode=good_rows&duplicates=update',
        csvOf(['id', ...DEAL_COLUMNS, 'stage', 'lost_reason'], part),
      );
    const refused = [];
    for (const one of rows.slice(0, 3))
      refused.push(...(await harness.faults(await take([one]))).map(({ code }) => code));
    expect(refused).toEqual(['deal_closed', 'reason_not_applicable', 'reason_not_applicable']);
    expect(await take(rows.slice(3))).toMatchObject({ updated: 2, failed: 0 });
    for (const { id } of [lost, open]) {
      expect((await harness.admin.get(`/deals/${id}`)).body).toMatchObject({
        stage: 'closedLost',
        lost_reason: 'дорого',
      });
    }
  });

  it('finds duplicate clients by e-mail, phone and tax id, in the database and in the file', async () => {
    const columns = ['name', 'kind', 'email', 'phone', 'tax_id'];
    const known = ['Дубль', 'person', 'dup@example.com', '8 (900) 111-22-33', '500100732259'];
    expect(await harness.importFile('clients', csvOf(columns, [known]))).toMatchObject({ created: 1 });
    const rows = [
      ['Иной', 'person', 'DUP@example.com', '', ''],
      ['Иной', 'person', '', '+7 900 111 22 33', ''],
      ['Иной', 'person', 'new@example.com', '', ''],
      ['Иной', 'person', 'new@example.com', '', ''],
    ];
    const refused = await harness.importFile('clients?mode=good_rows', csvOf(columns, rows));
    expect(refused).toMatchObject({ created: 1, failed: 3 });
    expect((await harness.faults(refused)).map(({ line, code }) => [line, code])).toEqual([
      [2, 'client_duplicate'],
      [3, 'client_duplicate'],
      [5, 'row_repeated'],
    ]);
    const update = csvOf(columns, [['Новое имя', 'person', 'dup@example.com', '', '']]);
    expect(await harness.importFile('clients?duplicates=update', update)).toMatchObject({ updated: 1 });
    expect(await clients('новое имя')).toMatchObject([{ email: 'dup@example.com', tax_id: '500100732259' }]);
    expect(await harness.importFile('clients?duplicates=allow', update)).toMatchObject({ created: 1 });
  });

  it('updates the client with the same number, not one with similar digits', async () => {
    const columns = ['name', 'kind', 'phone'];
    const tokyo = await harness.crm.client(harness.admin, { name: 'Токио', phone: '+81 3 0897 3969' });
    const rows = [['Похожий', 'person', '+7 130 897-39-69']];
    expect(await harness.importFile('clients?duplicates=update', csvOf(columns, rows))).toMatchObject({
      created: 1,
      updated: 0,
    });
    expect((await harness.admin.get(`/clients/${tokyo.id}`)).body).toEqual(tokyo);
    const local = await harness.crm.client(harness.admin, { name: 'Местный', phone: '9015552233' });
    const renamed = csvOf(columns, [['Сменил имя', 'person', '8 901 555-22-33']]);
    expect(await harness.importFile('clients?duplicates=update', renamed)).toMatchObject({ created: 0, updated: 1 });
    expect((await harness.admin.get(`/clients/${local.id}`)).body).toMatchObject({ name: 'Сменил имя' });
  });

  it('accepts legacy phones: with extensions, and without area code', async () => {
    const rows = [
      ['Добавочный', 'person', '8 (495) 777-45-67 доб. 12'],
      ['Внутренний', 'person', '8 (495) 777-45-67 внутр. 13'],
      ['Городской', 'person', '345-67-89'],
      ['Соседний', 'person', '345-67-89'],
    ];
    expect(await harness.importFile('clients', csvOf(['name', 'kind', 'phone'], rows))).toMatchObject({
      created: 4,
      failed: 0,
    });
    expect((await clients('495 777 45 67')).map(({ name }) => name).sort()).toEqual(['Внутренний', 'Добавочный']);
  });

  it('refuses an invalid new ИНН with its column', async () => {
    const columns = ['name', 'kind', 'email', 'tax_id'];
    const row = ['Опечатка', 'company', 'typo@example.com', '7707083894'];
    const run = await harness.importFile('clients?mode=good_rows', csvOf(columns, [row]));
    expect(run).toMatchObject({ created: 0, failed: 1 });
    expect(await harness.faults(run)).toMatchObject([{ line: 2, column: 'tax_id', code: 'tax_id_check_digits' }]);
    expect(await harness.importFile('clients', csvOf(['name', 'kind', 'email'], [row.slice(0, 3)]))).toMatchObject({
      created: 1,
    });
    const update = 'clients?mode=good_rows&duplicates=update';
    expect(await harness.importFile(update, csvOf(columns, [row]))).toMatchObject({ updated: 0, failed: 1 });
    await harness.crm.database.rows(
      `UPDATE crm.clients SET tax_id = '7707083894' WHERE email_key = 'typo@example.com'`,
    );
    expect(await harness.importFile(update, csvOf(columns, [row]))).toMatchObject({ updated: 1, failed: 0 });
  });

  it('publishes its progress with ids and counts, without rows', async () => {
    const run = await harness.importFile('deals', csvOf(DEAL_COLUMNS, [dealRow('ход дела')]));
    const events = await harness.crm.events(`imports/${run.id}`);
    expect(events.map(({ type, data }) => [type, data.state])).toEqual([
      ['import.progress', 'checking'],
      ['import.progress', 'applying'],
      ['import.progress', 'done'],
    ]);
    expect(events.at(-1)).toMatchObject({ audience: [], data: { import_id: run.id, created: 1, rows_done: 1 } });
    expect(JSON.stringify(events)).not.toContain('ход дела');
  });

  it('has its content deleted after the import', async () => {
    expect(await harness.crm.rowCounts()).toMatchObject({ import_chunks: 0, import_keys: 0 });
  });

  it('of 20,000 rows in chunks is imported completely and once, or not at all', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => dealRow(`много ${index}`));
    const run = await harness.importFile('deals', csvOf(DEAL_COLUMNS, rows));
    expect(run).toMatchObject({ state: 'done', rows: 20_000, created: 20_000 });
    const counts = await harness.crm.database.rows<{ deals: number; entries: number; events: number }>(
      `SELECT (SELECT count(DISTINCT title)::int FROM crm.deals WHERE title LIKE 'много %') AS deals,
         (SELECT count(*)::int FROM crm.journals j JOIN crm.deals d ON d.id = j.deal_id WHERE title LIKE 'много %') AS entries,
         (SELECT count(*)::int FROM crm.event_log e JOIN crm.deals d ON d.id = e.deal_id WHERE title LIKE 'много %') AS events`,
    );
    expect(counts).toEqual([{ deals: 20_000, entries: 20_000, events: 20_000 }]);
  });
});

/** Encodes a character in Windows-1251. */
function cp1251(char: string): number {
  const code = char.codePointAt(0)!;
  return code >= 0x410 && code <= 0x44f ? code - 0x410 + 0xc0 : code;
}
