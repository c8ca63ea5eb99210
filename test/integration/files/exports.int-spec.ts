import { type IncomingMessage, request } from 'node:http';
import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import { until } from '#platform/testing';
import { ImportHarness } from '../../support/import-harness.js';
import type { Listed } from '../../support/crm.js';
import { addLine, addPayment } from '../../support/money.js';
import { activePolicy, addPolicy, policyNumber, WHOLE_POLICY } from '../../support/sale.js';

const NASTY = [
  '=1+1',
  '+7',
  '-5',
  '-5+1',
  "'-5",
  '@SUM(A1)',
  "'=quoted",
  "''",
  "'plain",
  'a,b;"c"\td',
  'две\r\nстроки',
  '\tтаб',
  '0012',
  'a;=1+1',
  'a;"=1+1"',
  'a\t=1+1',
  'a\r\n=1+1',
  '\uFF1D1+1',
  '\uFF0B1',
  '\uFF0D1',
  '\uFF20SUM(A1)',
  ' =1+1',
  '\u00A0=1+1',
  '\u200B=1+1',
  '\uFEFF=1+1',
];
const BATCH = 1_000;

describe('an export', () => {
  let harness: ImportHarness;
  let url: string;

  beforeAll(async () => {
    harness = await ImportHarness.open({ CRM_EXPORTS: '2' });
    url = await harness.crm.api.listen();
  });
  afterAll(() => harness.close());

  const file = async (path: string, by = harness.admin) => {
    const answer = await by.get<string>(`/exports/${path}`);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
    return answer.body;
  };
  /** Removes values in which two rows with equal content differ. */
  const content = ({ id: _, created_at: _c, updated_at: _u, version: _v, ...rest }: DealView | PolicyView) => rest;

  it('of deals can be imported again with equal content, with any characters', async () => {
    const { id: client_id } = await harness.crm.client(harness.admin);
    for (const text of NASTY) {
      // A title is one line; a description stores every character.
      await harness.crm.deal(harness.admin, {
        client_id,
        title: `x${text.replace(/[\t\r\n]+/g, ' ')}`,
        description: text,
      });
    }
    const lost = await harness.crm.deal(harness.admin, {
      client_id,
      title: 'потеряна',
      owner_id: newId(),
      executor_id: newId(),
    });
    await harness.admin.patch(`/deals/${lost.id}/stage`, { stage: 'closedLost', reason: '=дорого' });
    const list = async () =>
      (await harness.admin.get<Listed<DealView>>(`/deals?client_id=${client_id}&limit=200`)).body.items;
    const before = await list();
    const csv = await file(`deals?client_id=${client_id}`);
    expect(csv).toMatch(
      /^\ufeffid,client_id,title,description,stage,lost_reason,owner_id,executor_id,next_review_at\r\n/,
    );
    for (const text of ['=1+1', '+7', '-5+1', "'-5", '@SUM(A1)', "'=quoted", '\tтаб'])
      expect(csv).toContain(`'${text}`);
    for (const text of ["a;'=1+1", "a\t'=1+1", "a\r\n'=1+1", "'\uFF1D1+1", "' =1+1", "'\u200B=1+1", "'\uFEFF=1+1"])
      expect(csv).toContain(text);
    expect(csv).toContain(',x-5,-5,');
    const again = await harness.importFile('deals?duplicates=update', csv);
    expect(again).toMatchObject({ state: 'done', updated: before.length });
    expect(await list()).toEqual(before);
    await forget(before);
    expect(await harness.importFile('deals', csv)).toMatchObject({ state: 'done', created: before.length });
    const after = await list();
    const sorted = (deals: readonly DealView[]) =>
      deals
        .map((deal) => ({ ...content(deal), id: deal.id, closed_at: null }))
        .sort((a, b) => a.id.localeCompare(b.id));
    expect(sorted(after)).toEqual(sorted(before));
  });

  it('of policies can be imported again: amounts as text, each in its status', async () => {
    const { id: client_id } = await harness.crm.client(harness.admin);
    const deal = await harness.crm.deal(harness.admin, { client_id });
    await addPolicy(harness.admin, { client_id });
    await addPolicy(harness.admin, {
      deal_id: deal.id,
      premium: '10.5',
      currency: 'EUR',
      insurance_company: '-Росгосстрах',
    });
    const active = await activePolicy(harness.admin, { deal_id: deal.id });
    const closed = await activePolicy(harness.admin, { client_id });
    await harness.admin.post(`/policies/${closed.id}/close`, { reason: 'cancelled' });
    const list = async () =>
      (await harness.admin.get<Listed<PolicyView>>(`/policies?client_id=${client_id}`)).body.items;
    const before = await list();
    const csv = await file(`policies?client_id=${client_id}`);
    expect(csv).toContain(',10.50,EUR,');
    expect(await harness.importFile('policies?duplicates=skip', csv)).toMatchObject({ state: 'done', skipped: 4 });
    await harness.crm.database.rows('DELETE FROM crm.policies WHERE client_id = $1', [client_id]);
    expect(await harness.importFile('policies', csv)).toMatchObject({ state: 'done', created: 4 });
    const sorted = (policies: readonly PolicyView[]) =>
      policies.map((one) => ({ ...content(one), id: one.id })).sort((a, b) => a.id.localeCompare(b.id));
    expect(sorted(await list())).toEqual(sorted(before));
    const types = (await harness.crm.events(`deals/${deal.id}`)).map(({ type }) => type);
    expect(types.filter((type) => type === 'deal.policy.activated')).toHaveLength(2);
    expect((await harness.admin.get(`/deals/${deal.id}/journal/verify`)).body).toMatchObject({ valid: true });
    expect(active.policy_number).not.toBeNull();
  });

  it('of policies is refused for existing numbers, or updates them on request', async () => {
    const { id } = await harness.crm.client(harness.admin);
    const number = policyNumber();
    const known = await addPolicy(harness.admin, { ...WHOLE_POLICY, client_id: id, policy_number: number });
    const csv = `client_id,insurance_company,policy_number,premium,currency,status\r\n${id},ИНГОССТРАХ,${number.toLowerCase()},77.10,RUB,active\r\n`;
    const refused = await harness.importFile('policies', csv);
    expect(refused).toMatchObject({ state: 'refused', failed: 1 });
    expect(await harness.faults(refused)).toMatchObject([{ line: 2, code: 'policy_number_taken' }]);
    expect(await harness.importFile('policies?duplicates=update', csv)).toMatchObject({ state: 'done', updated: 1 });
    const { body } = await harness.admin.get<PolicyView>(`/policies/${known.id}`);
    expect(body).toMatchObject({
      premium: '77.10',
      status: 'active',
      effective_to: WHOLE_POLICY.effective_to,
      version: 2,
    });
  });

  it('of policies is refused for existing numbers also without an insurer', async () => {
    const { id: client_id } = await harness.crm.client(harness.admin);
    const [taken, next] = [policyNumber(), policyNumber()];
    await addPolicy(harness.admin, { client_id, policy_number: taken });
    const [one, other] = [await addPolicy(harness.admin, { client_id }), await addPolicy(harness.admin, { client_id })];
    const rows = [
      `${one.id},,,${taken}`,
      `${other.id},,,${next}`,
      `,${client_id},${WHOLE_POLICY.insurance_company},${next}`,
    ];
    const csv = `id,client_id,insurance_company,policy_number\r\n${rows.join('\r\n')}\r\n`;
    const run = await harness.importFile('policies?duplicates=update&mode=good_rows', csv);
    expect(run).toMatchObject({ state: 'done', created: 1, updated: 0, failed: 2 });
    expect(await harness.faults(run)).toMatchObject([
      { line: 2, code: 'policy_number_taken' },
      { line: 3, code: 'policy_number_taken' },
    ]);
  });

  it('of policies without a number can be imported: each is identified by its id', async () => {
    const { id: client_id } = await harness.crm.client(harness.admin);
    const draft = { client_id, policy_number: null };
    const drafts = [await addPolicy(harness.admin, draft), await addPolicy(harness.admin, draft)];
    const csv = (await file(`policies?client_id=${client_id}`)).replaceAll(',85000.00,', ',9.00,');
    const nameless = `,${client_id},,,,,,,,,,\r\n`;
    const run = await harness.importFile('policies?duplicates=update', csv + nameless);
    expect(run).toMatchObject({ state: 'done', updated: 2, created: 1 });
    for (const { id } of drafts) {
      const { body } = await harness.admin.get<PolicyView>(`/policies/${id}`);
      expect(body).toMatchObject({ premium: '9.00', version: 2 });
    }
  });

  it('of payments can be imported with plans, but without incomes and expenses', async () => {
    const deal = await harness.crm.deal(harness.admin);
    const policy = await addPolicy(harness.admin, { deal_id: deal.id });
    const paid = await addPayment(harness.admin, deal, { policy_id: policy.id, comment: '=аванс' });
    await addLine(harness.admin, paid, 'incomes');
    await addLine(harness.admin, paid, 'expenses', { amount: '617.75', category: 'discount' });
    const open = await addPayment(harness.admin, deal, { actual_date: '2026-03-02', planned_amount: '7.5' });
    const csv = await file(`payments?deal_id=${deal.id}`);
    const [header, ...rows] = csv.trim().split('\r\n');
    expect(header).toBe(
      'id,deal_id,policy_id,planned_date,planned_amount,currency,actual_date,comment,sequence,status,incomes_total,expenses_total,net_total',
    );
    expect(rows).toEqual([
      `${paid.id},${deal.id},${policy.id},2026-03-01,1000.00,RUB,,'=аванс,1,partially_paid,400.00,617.75,-217.75`,
      `${open.id},${deal.id},,2026-03-01,7.50,RUB,2026-03-02,,1,scheduled,0.00,0.00,0.00`,
    ]);
    expect(await harness.importFile('payments', csv)).toMatchObject({ state: 'refused', failed: 2 });
    const news = csv.replaceAll(paid.id, newId()).replaceAll(open.id, newId());
    expect(await harness.importFile('payments?dry_run=true', news)).toMatchObject({ state: 'done', created: 2 });
    expect(await harness.importFile('payments', news)).toMatchObject({ state: 'done', created: 2 });
    const { body } = await harness.admin.get<Listed<PaymentView>>(`/deals/${deal.id}/payments`);
    const plans = body.items.map((item) => [item.policy_id, item.sequence, item.planned_amount, item.incomes_total]);
    expect(plans.map((plan) => plan.join(' ')).sort()).toEqual(
      [`${policy.id} 1 1000.00 400.00`, ' 1 7.50 0.00', `${policy.id} 2 1000.00 0.00`, ' 2 7.50 0.00'].sort(),
    );
    const changed = csv.replace('7.50', '8.00');
    expect(await harness.importFile('payments?duplicates=update', changed)).toMatchObject({
      state: 'done',
      updated: 2,
    });
    const read = await harness.admin.get<PaymentView>(`/deals/${deal.id}/payments/${open.id}`);
    expect(read.body).toMatchObject({ planned_amount: '8.00', version: 2 });
    const types = (await harness.crm.events(`deals/${deal.id}`)).map(({ type }) => type);
    expect(types.filter((type) => type === 'deal.payment.created')).toHaveLength(4);
    expect((await harness.admin.get(`/deals/${deal.id}/journal/verify`)).body).toMatchObject({ valid: true });
  });

  it('of payments contains those of deals in scope, and its import refuses unknown deals', async () => {
    const seller = harness.crm.user('seller');
    const own = await harness.crm.deal(seller);
    const payment = await addPayment(seller, own);
    const shown = (await file('payments', seller)).trim().split('\r\n');
    expect(shown).toHaveLength(2);
    expect(shown[1]).toContain(payment.id);
    expect((await file('payments?status=paid', seller)).trim().split('\r\n')).toHaveLength(1);
    const rows = [
      `${newId()},,2026-03-10,5.00,RUB`,
      `${own.id},${newId()},2026-03-10,5.00,RUB`,
      `${own.id},,2026-03-10,1.005,RUB`,
    ];
    const run = await harness.importFile(
      'payments',
      `deal_id,policy_id,planned_date,planned_amount,currency\r\n${rows.join('\r\n')}\r\n`,
    );
    expect(run).toMatchObject({ state: 'refused', failed: 3, created: 0 });
    expect(await harness.faults(run)).toMatchObject([
      { line: 2, code: 'deal_not_found' },
      { line: 3, code: 'policy_not_found' },
      { line: 4, column: 'planned_amount', code: 'amount_precision' },
    ]);
    const after = await seller.get<Listed<PaymentView>>(`/deals/${own.id}/payments`);
    expect(after.body.items).toEqual([payment]);
  });

  it('contains the rows of the caller’s lists, and no others', async () => {
    const seller = harness.crm.user('seller');
    const own = await harness.crm.deal(seller);
    await addPolicy(seller, { deal_id: own.id });
    expect((await file('deals', seller)).trim().split('\r\n')).toHaveLength(2);
    expect(await file('deals', seller)).toContain(own.id);
    expect((await file('policies', seller)).trim().split('\r\n')).toHaveLength(2);
    expect((await file('deals?stage=closedWon', seller)).trim().split('\r\n')).toHaveLength(1);
    expect(await seller.get('/exports/deals?color=red')).toMatchObject({ status: 422 });
    expect(await harness.crm.user('service').get('/exports/deals')).toMatchObject({ status: 403 });
  });

  describe('of many rows', () => {
    let path: string;

    beforeAll(async () => {
      const { id } = await harness.crm.client(harness.admin);
      await harness.crm.database.rows(
        `INSERT INTO crm.deals (id, client_id, title, description, status, next_review_at, version, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'поток', repeat('текст ', 300), 'proposal', '2026-03-10', 1, now(), now()
         FROM generate_series(1, ${20 * BATCH})`,
        [id],
      );
      path = `/api/v1/exports/deals?client_id=${id}`;
    });

    /** Starts an export without reading its body. */
    const open = (at: string, by = harness.admin) =>
      new Promise<IncomingMessage>((resolve) => {
        const outgoing = request(at + path, { headers: { ...by.authorization } });
        outgoing.on('error', () => undefined);
        outgoing.on('response', (incoming) => incoming.once('readable', () => resolve(incoming)));
        outgoing.end();
      });

    it('contains every row once', async () => {
      const { payload } = await harness.crm.api.inject({ url: path, headers: { ...harness.admin.authorization } });
      const ids = [...payload.matchAll(/^([0-9a-f-]{36}),/gm)].map(([, id]) => id!);
      expect([...new Set(ids)]).toHaveLength(20 * BATCH);
      expect(payload.trimEnd().split('\r\n')).toHaveLength(20 * BATCH + 1);
    });

    it('is queried at the pace of its client, and stops when the client disconnects', async () => {
      const both = [await open(url), await open(url)];
      expect(await harness.admin.get('/exports/deals')).toMatchObject({ status: 429, code: 'too_many_exports' });
      const inTransaction = `SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
      expect(await harness.crm.database.rows(inTransaction)).toEqual([]);
      for (const incoming of both) incoming.destroy();
      await until(async () => (await harness.admin.get('/exports/policies')).status === 200);
    });

    it('does not block other users: an admin gets a file besides four unread exports of a seller', async () => {
      const api = await harness.crm.also({ CRM_EXPORTS: '4' });
      const at = await api.listen();
      const seller = harness.crm.user('seller');
      await harness.crm.database.rows(`UPDATE crm.deals SET owner_id = $1 WHERE title = 'поток'`, [seller.id]);
      const opened = await Promise.all([1, 2, 3, 4].map(() => open(at, seller)));
      expect(opened.map(({ statusCode }) => statusCode).sort()).toEqual([200, 200, 429, 429]);
      expect(opened.find(({ statusCode }) => statusCode === 429)!.headers).toMatchObject({ 'retry-after': '5' });
      const other = await open(at);
      expect(other.statusCode).toBe(200);
      for (const incoming of [...opened, other]) incoming.destroy();
      await until(async () => (await seller.get('/exports/policies')).status === 200);
    });

    it('is closed when its client does not read, and releases its slot', async () => {
      const api = await harness.crm.also({ CRM_EXPORTS: '1', CRM_EXPORT_STALL_MS: '300' });
      const incoming = await open(await api.listen());
      const next = api.user('ROLE_ADMIN');
      await until(async () => (await next.get('/exports/policies')).status === 200);
      await expect(incoming.resume().toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    });
  });

  /** Deletes the rows physically, so that their ids are free. */
  async function forget(deals: readonly DealView[]): Promise<void> {
    const ids = deals.map(({ id }) => id);
    await harness.crm.database.rows('ALTER TABLE crm.journals DISABLE TRIGGER USER');
    await harness.crm.database.rows('DELETE FROM crm.journals WHERE deal_id = ANY ($1)', [ids]);
    await harness.crm.database.rows('ALTER TABLE crm.journals ENABLE TRIGGER USER');
    await harness.crm.database.rows(`DELETE FROM crm.event_log WHERE deal_id = ANY ($1)`, [ids]);
    await harness.crm.database.rows(`DELETE FROM crm.event_streams WHERE stream = ANY ($1)`, [
      ids.map((id) => `deals/${id}`),
    ]);
    await harness.crm.database.rows('DELETE FROM crm.deals WHERE id = ANY ($1)', [ids]);
  }
});
