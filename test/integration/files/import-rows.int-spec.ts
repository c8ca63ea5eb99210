import type { ClientView } from '#crm/clients/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import { csvOf, ImportHarness, type ShownImport } from '../../support/import-harness.js';
import type { Listed } from '../../support/crm.js';
import { addPayment } from '../../support/money.js';
import { addPolicy, policyNumber, WHOLE_POLICY } from '../../support/sale.js';

describe('the rows of an imported file', () => {
  let harness: ImportHarness;

  beforeAll(async () => {
    harness = await ImportHarness.open();
  });
  afterAll(() => harness.close());

  const codes = async (run: ShownImport) => (await harness.faults(run)).map(({ line, code }) => [line, code]);
  const named = async (name: string) =>
    (await harness.admin.get<Listed<ClientView>>(`/clients?search=${encodeURIComponent(name)}`)).body.items;

  it.each([
    ['semicolons', 'sep=;\r\nname;kind;;\r\n;;;\r\nПробел один;person;;\r\n ; ;;\r\n;\r\nПробел один;person\r\n;;'],
    ['commas', '\ufeffname,kind,,\r\n,,,\r\nПробел два,person,, \r\n;;\r\n\r\nПробел два,person\r\n  \r\n'],
  ])('may be blank or have blank cells after the last column, with %s', async (_what, csv) => {
    const run = await harness.importFile('clients', csv);
    expect(run).toMatchObject({ state: 'done', rows: 2, created: 2, failed: 0 });
  });

  it('are refused with content after the last column, each with its line', async () => {
    const run = await harness.importFile('clients', 'name;kind\r\n;;\r\nА;person;;x\r\nБ;person;y\r\nВ\r\n');
    expect(await codes(run)).toEqual([
      [3, 'wrong_cell_count'],
      [4, 'wrong_cell_count'],
      [5, 'wrong_cell_count'],
    ]);
  });

  it('do not update a record with another id than their own', async () => {
    const email = `${newId()}@example.com`;
    const client = await harness.crm.client(harness.admin, { email, name: 'Прежнее' });
    const row = [newId(), 'Новое', 'person', email];
    const run = await harness.importFile('clients?duplicates=update', csvOf(['id', 'name', 'kind', 'email'], [row]));
    expect(run).toMatchObject({ state: 'refused', updated: 0 });
    expect(await codes(run)).toEqual([[2, 'id_conflict']]);
    expect((await harness.admin.get(`/clients/${client.id}`)).body).toEqual(client);
    const own = csvOf(['id', 'name', 'kind', 'email'], [[client.id, 'Новое', 'person', email]]);
    expect(await harness.importFile('clients?duplicates=update', own)).toMatchObject({ state: 'done', updated: 1 });

    const { id: client_id } = client;
    const policy = await addPolicy(harness.admin, { client_id, policy_number: policyNumber() });
    const columns = ['id', 'client_id', 'insurance_company', 'policy_number', 'premium', 'currency'];
    const cells = [newId(), client_id, policy.insurance_company!, policy.policy_number!, '1.00', 'RUB'];
    const policies = await harness.importFile('policies?duplicates=update', csvOf(columns, [cells]));
    expect(await codes(policies)).toEqual([[2, 'id_conflict']]);
    expect((await harness.admin.get<PolicyView>(`/policies/${policy.id}`)).body).toEqual(policy);
  });

  describe('that are refused reserve no key: a later valid row is accepted', () => {
    it('of clients, by e-mail', async () => {
      const [taken, email] = [await harness.crm.client(harness.admin), `${newId()}@example.com`];
      const rows = [
        [taken.id, 'Отказ', 'person', email],
        ['', `Принят ${email}`, 'person', email],
        ['', 'Повтор', 'person', email],
      ];
      const run = await harness.importFile('clients?mode=good_rows', csvOf(['id', 'name', 'kind', 'email'], rows));
      expect(run).toMatchObject({ state: 'done', created: 1, failed: 2 });
      expect(await codes(run)).toEqual([
        [2, 'client_duplicate'],
        [4, 'row_repeated'],
      ]);
      expect(await named(`Принят ${email}`)).toHaveLength(1);
    });

    it('of deals, by id, also in a later chunk', async () => {
      const { id: client } = await harness.crm.client(harness.admin);
      const [id, other] = [newId(), newId()];
      const row = (rowId: string, clientId: string) => [rowId, clientId, 'Сделка', '2026-03-10'];
      const filler = Array.from({ length: 1_000 }, () => row('', client));
      const rows = [row(id, newId()), row(id, client), row(id, client), row(other, newId()), ...filler];
      const csv = csvOf(['id', 'client_id', 'title', 'next_review_at'], [...rows, row(id, client), row(other, client)]);
      const run = await harness.importFile('deals?mode=good_rows', csv);
      expect(await codes(run)).toEqual([
        [2, 'client_not_found'],
        [4, 'row_repeated'],
        [5, 'client_not_found'],
        [1_006, 'row_repeated'],
      ]);
      for (const found of [id, other])
        expect(await harness.admin.get(`/deals/${found}`)).toMatchObject({ status: 200 });
    });

    it('of policies, by insurer and number, for new and existing policies', async () => {
      const { id: client_id } = await harness.crm.client(harness.admin);
      const known = await addPolicy(harness.admin, { client_id, policy_number: policyNumber() });
      const [one, two] = [policyNumber(), policyNumber()];
      const insurer = WHOLE_POLICY.insurance_company;
      const rows = [
        ['', newId(), insurer, one],
        ['', client_id, insurer, one],
        [known.id, newId(), insurer, two],
        ['', client_id, insurer, two],
        ['', client_id, insurer, two],
      ];
      const csv = csvOf(['id', 'client_id', 'insurance_company', 'policy_number'], rows);
      const run = await harness.importFile('policies?mode=good_rows&duplicates=update', csv);
      expect(run).toMatchObject({ created: 2, updated: 0, failed: 3 });
      expect((await codes(run)).map(([line]) => line)).toEqual([2, 4, 6]);
    });

    it('of payments, by id', async () => {
      const deal = await harness.crm.deal(harness.admin);
      await addPayment(harness.admin, deal);
      const id = newId();
      const row = (dealId: string, policy: string) => [id, dealId, policy, '2026-03-10', '5.00', 'RUB'];
      const rows = [row(newId(), ''), row(deal.id, newId()), row(deal.id, ''), row(deal.id, '')];
      const columns = ['id', 'deal_id', 'policy_id', 'planned_date', 'planned_amount', 'currency'];
      const run = await harness.importFile('payments?mode=good_rows', csvOf(columns, rows));
      expect(run).toMatchObject({ created: 1, failed: 3 });
      expect(await codes(run)).toEqual([
        [2, 'deal_not_found'],
        [3, 'policy_not_found'],
        [5, 'row_repeated'],
      ]);
    });
  });
});
