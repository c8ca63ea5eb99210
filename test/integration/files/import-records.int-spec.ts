import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import { csvOf, ImportHarness } from '../../support/import-harness.js';
import { addPayment } from '../../support/money.js';
import { activePolicy, addPolicy } from '../../support/sale.js';

let harness: ImportHarness;

beforeAll(async () => {
  harness = await ImportHarness.open();
});
afterAll(() => harness.close());

/** Columns and row of a file with the id of a record. */
interface Row {
  readonly columns: readonly string[];
  readonly cells: readonly string[];
}

/** The faults of a file of this one row, under each rule. */
async function faults(kind: string, { columns, cells }: Row) {
  const found = [];
  for (const rule of ['refuse', 'skip', 'update']) {
    const run = await harness.importFile(
      `${kind}?mode=good_rows&duplicates=${rule}`,
      csvOf([...columns], [[...cells]]),
    );
    expect(run).toMatchObject({ created: 0, updated: 0, failed: 1 });
    found.push(...(await harness.faults(run)));
  }
  return found;
}

describe('a row with the id of a deleted record', () => {
  const deleted = { line: 2, code: 'record_deleted', detail: expect.stringContaining('leave the id out') };
  const thrice = [deleted, deleted, deleted];

  it('is refused with record_deleted for clients', async () => {
    const client = await harness.crm.client(harness.admin);
    await harness.admin.delete(`/clients/${client.id}`);
    const row = { columns: ['id', 'name', 'kind'], cells: [client.id, 'Мария', 'person'] };
    expect(await faults('clients', row)).toMatchObject(thrice);
  });

  it('is refused with record_deleted for deals', async () => {
    const deal = await harness.crm.deal(harness.admin);
    await harness.admin.delete(`/deals/${deal.id}`);
    const columns = ['id', 'client_id', 'title', 'next_review_at'];
    expect(await faults('deals', { columns, cells: [deal.id, deal.client_id, 'КАСКО', '2026-03-10'] })).toMatchObject(
      thrice,
    );
  });

  it('is refused with record_deleted for policies', async () => {
    const client = await harness.crm.client(harness.admin);
    const policy = await addPolicy(harness.admin, { client_id: client.id });
    await harness.admin.delete(`/policies/${policy.id}`);
    expect(await faults('policies', { columns: ['id', 'client_id'], cells: [policy.id, client.id] })).toMatchObject(
      thrice,
    );
  });

  it('is refused with record_deleted for payments', async () => {
    const deal = await harness.crm.deal(harness.admin);
    const payment = await addPayment(harness.admin, deal);
    await harness.admin.delete(`/deals/${deal.id}/payments/${payment.id}`);
    const columns = ['id', 'deal_id', 'planned_date', 'planned_amount', 'currency'];
    const cells = [payment.id, deal.id, '2026-04-01', '100.00', 'RUB'];
    expect(await faults('payments', { columns, cells })).toMatchObject(thrice);
  });
});

describe('a row with a merged client', () => {
  let client: ClientView;
  let survivor: ClientView;
  let deal: DealView;

  beforeEach(async () => {
    const email = `merged-${newId()}@example.com`;
    client = await harness.crm.client(harness.admin, { email });
    survivor = await harness.crm.client(harness.admin, { email: `survivor-${newId()}@example.com` });
    deal = await harness.crm.deal(harness.admin, { client_id: client.id });
    const merged = await harness.admin.post(`/clients/${client.id}/merge`, { into_id: survivor.id });
    expect(merged).toMatchObject({ status: 200 });
  });

  it('by its id is refused with record_merged and the id of the survivor', async () => {
    const row = { columns: ['id', 'name', 'kind'], cells: [client.id, 'Мария', 'person'] };
    const refused = { line: 2, code: 'record_merged', detail: expect.stringContaining(survivor.id) };
    expect(await faults('clients', row)).toMatchObject([refused, refused, refused]);
  });

  it('by a tax id with letters is found in any notation, also when it is repeated in another one', async () => {
    const columns = ['name', 'kind', 'tax_id'];
    const known = await harness.crm.client(harness.admin, { tax_id: 'GB 123 4567 89' });
    const file = csvOf(columns, [['Новое имя', 'company', 'gb-123.4567/89']]);
    expect(await harness.importFile('clients?duplicates=update', file)).toMatchObject({ created: 0, updated: 1 });
    const { body } = await harness.admin.get<ClientView>(`/clients/${known.id}`);
    expect(body).toMatchObject({ name: 'Новое имя', tax_id: 'gb-123.4567/89' });
    const rows = ['DE 136695976', 'de136695976'].map((taxId) => ['Два', 'company', taxId]);
    const refused = await harness.importFile('clients?mode=good_rows', csvOf(columns, rows));
    expect(refused).toMatchObject({ created: 1, failed: 1 });
    expect(await harness.faults(refused)).toMatchObject([{ line: 3, code: 'row_repeated' }]);
  });

  it('by its e-mail is resolved to the survivor', async () => {
    const file = csvOf(['name', 'kind', 'email'], [['Новое имя', 'person', client.email!]]);
    const refused = await harness.importFile('clients?mode=good_rows', file);
    expect(await harness.faults(refused)).toMatchObject([{ line: 2, code: 'client_duplicate' }]);
    expect(await harness.importFile('clients?duplicates=skip', file)).toMatchObject({ skipped: 1 });
    expect(await harness.importFile('clients?duplicates=update', file)).toMatchObject({ created: 0, updated: 1 });
    const { body } = await harness.admin.get<ClientView>(`/clients/${survivor.id}`);
    expect(body).toMatchObject({ id: survivor.id, name: 'Новое имя' });
  });

  it('as the client of a new or an existing deal is resolved to the survivor', async () => {
    const columns = ['id', 'client_id', 'title', 'next_review_at'];
    const rows = [
      ['', client.id, `Новая ${client.id}`, '2026-03-10'],
      [deal.id, client.id, 'Другая', '2026-03-10'],
    ];
    expect(await harness.importFile('deals?duplicates=update', csvOf(columns, rows))).toMatchObject({
      created: 1,
      updated: 1,
    });
    const { body } = await harness.admin.get<{ items: DealView[] }>(`/deals?client_id=${survivor.id}`);
    expect(body.items.map(({ title }) => title).sort()).toEqual(['Другая', `Новая ${client.id}`].sort());
    const foreign = csvOf(columns, [[deal.id, (await harness.crm.client(harness.admin)).id, 'Чужая', '2026-03-10']]);
    const refused = await harness.importFile('deals?mode=good_rows&duplicates=update', foreign);
    expect(await harness.faults(refused)).toMatchObject([{ code: 'client_not_changeable' }]);
  });

  it('as the client of a new or an existing policy is resolved to the survivor', async () => {
    const known = await activePolicy(harness.admin, { client_id: survivor.id });
    const columns = ['id', 'client_id', 'deal_id', 'insurance_company'];
    const rows = [
      ['', client.id, '', 'Росгосстрах'],
      ['', client.id, deal.id, 'Росгосстрах'],
      [known.id, client.id, '', known.insurance_company!],
    ];
    expect(await harness.importFile('policies?duplicates=update', csvOf(columns, rows))).toMatchObject({
      created: 2,
      updated: 1,
      failed: 0,
    });
    const { body } = await harness.admin.get<{ items: PolicyView[] }>(`/policies?client_id=${survivor.id}`);
    expect(body.items).toHaveLength(3);
  });
});
