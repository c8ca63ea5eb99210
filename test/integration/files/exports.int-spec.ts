import { type IncomingMessage, request } from 'node:http';
import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import { until } from '#platform/testing';
import { ImportDesk } from '../../support/import-desk.js';
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
  let desk: ImportDesk;
  let url: string;

  beforeAll(async () => {
    desk = await ImportDesk.open({ CRM_EXPORTS: '2' });
    url = await desk.crm.api.listen();
  });
  afterAll(() => desk.close());

  const file = async (path: string, by = desk.admin) => {
    const answer = await by.get<string>(`/exports/${path}`);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
    return answer.body;
  };
  /** Without what another row with the same content has of its own. */
  const content = ({ id: _, created_at: _c, updated_at: _u, version: _v, ...rest }: DealView | PolicyView) => rest;

  it('of deals can be imported: what comes back is what went out, whatever is in it', async () => {
    const { id: client_id } = await desk.crm.client(desk.admin);
    for (const text of NASTY) {
      // A title is one line; a description keeps every character.
      await desk.crm.deal(desk.admin, { client_id, title: `x${text.replace(/[\t\r\n]+/g, ' ')}`, description: text });
    }
    const lost = await desk.crm.deal(desk.admin, {
      client_id,
      title: 'потеряна',
      owner_id: newId(),
      executor_id: newId(),
    });
    await desk.admin.patch(`/deals/${lost.id}/stage`, { stage: 'closedLost', reason: '=дорого' });
    const list = async () =>
      (await desk.admin.get<Listed<DealView>>(`/deals?client_id=${client_id}&limit=200`)).body.items;
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
    const again = await desk.take('deals?duplicates=update', csv);
    expect(again).toMatchObject({ state: 'done', updated: before.length });
    expect(await list()).toEqual(before);
    await forget(before);
    expect(await desk.take('deals', csv)).toMatchObject({ state: 'done', created: before.length });
    const after = await list();
    const sorted = (deals: readonly DealView[]) =>
      deals
        .map((deal) => ({ ...content(deal), id: deal.id, closed_at: null }))
        .sort((a, b) => a.id.localeCompare(b.id));
    expect(sorted(after)).toEqual(sorted(before));
  });

  it('of policies can be imported: money as text, each as far as it was', async () => {
    const { id: client_id } = await desk.crm.client(desk.admin);
    const deal = await desk.crm.deal(desk.admin, { client_id });
    await addPolicy(desk.admin, { client_id });
    await addPolicy(desk.admin, {
      deal_id: deal.id,
      premium: '10.5',
      currency: 'EUR',
      insurance_company: '-Росгосстрах',
    });
    const active = await activePolicy(desk.admin, { deal_id: deal.id });
    const closed = await activePolicy(desk.admin, { client_id });
    await desk.admin.post(`/policies/${closed.id}/close`, { reason: 'cancelled' });
    const list = async () => (await desk.admin.get<Listed<PolicyView>>(`/policies?client_id=${client_id}`)).body.items;
    const before = await list();
    const csv = await file(`policies?client_id=${client_id}`);
    expect(csv).toContain(',10.50,EUR,');
    expect(await desk.take('policies?duplicates=skip', csv)).toMatchObject({ state: 'done', skipped: 4 });
    await desk.crm.database.rows('DELETE FROM crm.policies WHERE client_id = $1', [client_id]);
    expect(await desk.take('policies', csv)).toMatchObject({ state: 'done', created: 4 });
    const sorted = (policies: readonly PolicyView[]) =>
      policies.map((one) => ({ ...content(one), id: one.id })).sort((a, b) => a.id.localeCompare(b.id));
    expect(sorted(await list())).toEqual(sorted(before));
    const types = (await desk.crm.events(`deals/${deal.id}`)).map(({ type }) => type);
    expect(types.filter((type) => type === 'deal.policy.activated')).toHaveLength(2);
    expect((await desk.admin.get(`/deals/${deal.id}/journal/verify`)).body).toMatchObject({ valid: true });
    expect(active.policy_number).not.toBeNull();
  });

  it('of policies takes no number twice, and changes what is known when asked', async () => {
    const { id } = await desk.crm.client(desk.admin);
    const number = policyNumber();
    const known = await addPolicy(desk.admin, { ...WHOLE_POLICY, client_id: id, policy_number: number });
    const csv = `client_id,insurance_company,policy_number,premium,currency,status\r\n${id},ИНГОССТРАХ,${number.toLowerCase()},77.10,RUB,active\r\n`;
    const refused = await desk.take('policies', csv);
    expect(refused).toMatchObject({ state: 'refused', failed: 1 });
    expect(await desk.faults(refused)).toMatchObject([{ line: 2, code: 'policy_number_taken' }]);
    expect(await desk.take('policies?duplicates=update', csv)).toMatchObject({ state: 'done', updated: 1 });
    const { body } = await desk.admin.get<PolicyView>(`/policies/${known.id}`);
    expect(body).toMatchObject({
      premium: '77.10',
      status: 'active',
      effective_to: WHOLE_POLICY.effective_to,
      version: 2,
    });
  });

  it('of policies takes no number twice either when a row leaves the insurer open', async () => {
    const { id: client_id } = await desk.crm.client(desk.admin);
    const [taken, next] = [policyNumber(), policyNumber()];
    await addPolicy(desk.admin, { client_id, policy_number: taken });
    const [one, other] = [await addPolicy(desk.admin, { client_id }), await addPolicy(desk.admin, { client_id })];
    const rows = [
      `${one.id},,,${taken}`,
      `${other.id},,,${next}`,
      `,${client_id},${WHOLE_POLICY.insurance_company},${next}`,
    ];
    const csv = `id,client_id,insurance_company,policy_number\r\n${rows.join('\r\n')}\r\n`;
    const run = await desk.take('policies?duplicates=update&mode=good_rows', csv);
    expect(run).toMatchObject({ state: 'done', created: 1, updated: 0, failed: 2 });
    expect(await desk.faults(run)).toMatchObject([
      { line: 2, code: 'policy_number_taken' },
      { line: 3, code: 'policy_number_taken' },
    ]);
  });

  it('of policies without a number can be imported: each is known by its id alone', async () => {
    const { id: client_id } = await desk.crm.client(desk.admin);
    const draft = { client_id, policy_number: null };
    const drafts = [await addPolicy(desk.admin, draft), await addPolicy(desk.admin, draft)];
    const csv = (await file(`policies?client_id=${client_id}`)).replaceAll(',85000.00,', ',9.00,');
    const nameless = `,${client_id},,,,,,,,,,\r\n`;
    const run = await desk.take('policies?duplicates=update', csv + nameless);
    expect(run).toMatchObject({ state: 'done', updated: 2, created: 1 });
    for (const { id } of drafts) {
      const { body } = await desk.admin.get<PolicyView>(`/policies/${id}`);
      expect(body).toMatchObject({ premium: '9.00', version: 2 });
    }
  });

  it('of payments can be imported: the plan comes back, what came and went does not', async () => {
    const deal = await desk.crm.deal(desk.admin);
    const policy = await addPolicy(desk.admin, { deal_id: deal.id });
    const paid = await addPayment(desk.admin, deal, { policy_id: policy.id, comment: '=аванс' });
    await addLine(desk.admin, paid, 'incomes');
    await addLine(desk.admin, paid, 'expenses', { amount: '617.75', category: 'discount' });
    const open = await addPayment(desk.admin, deal, { actual_date: '2026-03-02', planned_amount: '7.5' });
    const csv = await file(`payments?deal_id=${deal.id}`);
    const [header, ...rows] = csv.trim().split('\r\n');
    expect(header).toBe(
      'id,deal_id,policy_id,planned_date,planned_amount,currency,actual_date,comment,sequence,status,incomes_total,expenses_total,net_total',
    );
    expect(rows).toEqual([
      `${paid.id},${deal.id},${policy.id},2026-03-01,1000.00,RUB,,'=аванс,1,partially_paid,400.00,617.75,-217.75`,
      `${open.id},${deal.id},,2026-03-01,7.50,RUB,2026-03-02,,1,scheduled,0.00,0.00,0.00`,
    ]);
    expect(await desk.take('payments', csv)).toMatchObject({ state: 'refused', failed: 2 });
    const news = csv.replaceAll(paid.id, newId()).replaceAll(open.id, newId());
    expect(await desk.take('payments?dry_run=true', news)).toMatchObject({ state: 'done', created: 2 });
    expect(await desk.take('payments', news)).toMatchObject({ state: 'done', created: 2 });
    const { body } = await desk.admin.get<Listed<PaymentView>>(`/deals/${deal.id}/payments`);
    const plans = body.items.map((item) => [item.policy_id, item.sequence, item.planned_amount, item.incomes_total]);
    expect(plans.map((plan) => plan.join(' ')).sort()).toEqual(
      [`${policy.id} 1 1000.00 400.00`, ' 1 7.50 0.00', `${policy.id} 2 1000.00 0.00`, ' 2 7.50 0.00'].sort(),
    );
    const changed = csv.replace('7.50', '8.00');
    expect(await desk.take('payments?duplicates=update', changed)).toMatchObject({ state: 'done', updated: 2 });
    const read = await desk.admin.get<PaymentView>(`/deals/${deal.id}/payments/${open.id}`);
    expect(read.body).toMatchObject({ planned_amount: '8.00', version: 2 });
    const types = (await desk.crm.events(`deals/${deal.id}`)).map(({ type }) => type);
    expect(types.filter((type) => type === 'deal.payment.created')).toHaveLength(4);
    expect((await desk.admin.get(`/deals/${deal.id}/journal/verify`)).body).toMatchObject({ valid: true });
  });

  it('of payments shows those of deals in scope, and takes none of a deal that is not there', async () => {
    const seller = desk.crm.user('seller');
    const own = await desk.crm.deal(seller);
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
    const run = await desk.take(
      'payments',
      `deal_id,policy_id,planned_date,planned_amount,currency\r\n${rows.join('\r\n')}\r\n`,
    );
    expect(run).toMatchObject({ state: 'refused', failed: 3, created: 0 });
    expect(await desk.faults(run)).toMatchObject([
      { line: 2, code: 'deal_not_found' },
      { line: 3, code: 'policy_not_found' },
      { line: 4, column: 'planned_amount', code: 'amount_precision' },
    ]);
    const after = await seller.get<Listed<PaymentView>>(`/deals/${own.id}/payments`);
    expect(after.body.items).toEqual([payment]);
  });

  it('shows whoever asks what its lists show, and counts nothing else', async () => {
    const seller = desk.crm.user('seller');
    const own = await desk.crm.deal(seller);
    await addPolicy(seller, { deal_id: own.id });
    expect((await file('deals', seller)).trim().split('\r\n')).toHaveLength(2);
    expect(await file('deals', seller)).toContain(own.id);
    expect((await file('policies', seller)).trim().split('\r\n')).toHaveLength(2);
    expect((await file('deals?stage=closedWon', seller)).trim().split('\r\n')).toHaveLength(1);
    expect(await seller.get('/exports/deals?color=red')).toMatchObject({ status: 422 });
    expect(await desk.crm.user('service').get('/exports/deals')).toMatchObject({ status: 403 });
  });

  describe('that is long', () => {
    let path: string;

    beforeAll(async () => {
      const { id } = await desk.crm.client(desk.admin);
      await desk.crm.database.rows(
        `INSERT INTO crm.deals (id, client_id, title, description, status, next_review_at, version, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'поток', repeat('текст ', 300), 'proposal', '2026-03-10', 1, now(), now()
         FROM generate_series(1, ${20 * BATCH})`,
        [id],
      );
      path = `/api/v1/exports/deals?client_id=${id}`;
    });

    /** Its answer has begun, and is not read. */
    const open = (at: string, by = desk.admin) =>
      new Promise<IncomingMessage>((resolve) => {
        const outgoing = request(at + path, { headers: { ...by.authorization } });
        outgoing.on('error', () => undefined);
        outgoing.on('response', (incoming) => incoming.once('readable', () => resolve(incoming)));
        outgoing.end();
      });

    it('has every row once, page after page', async () => {
      const { payload } = await desk.crm.api.inject({ url: path, headers: { ...desk.admin.authorization } });
      const ids = [...payload.matchAll(/^([0-9a-f-]{36}),/gm)].map(([, id]) => id!);
      expect([...new Set(ids)]).toHaveLength(20 * BATCH);
      expect(payload.trimEnd().split('\r\n')).toHaveLength(20 * BATCH + 1);
    });

    it('is read no faster than its client takes it, and ends when the client is gone', async () => {
      const both = [await open(url), await open(url)];
      expect(await desk.admin.get('/exports/deals')).toMatchObject({ status: 429, code: 'too_many_exports' });
      const inTransaction = `SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
      expect(await desk.crm.database.rows(inTransaction)).toEqual([]);
      for (const incoming of both) incoming.destroy();
      await until(async () => (await desk.admin.get('/exports/policies')).status === 200);
    });

    it('of one user leaves room for others: four unread ones of a seller, and an admin gets a file', async () => {
      const api = await desk.crm.also({ CRM_EXPORTS: '4' });
      const at = await api.listen();
      const seller = desk.crm.user('seller');
      await desk.crm.database.rows(`UPDATE crm.deals SET owner_id = $1 WHERE title = 'поток'`, [seller.id]);
      const opened = await Promise.all([1, 2, 3, 4].map(() => open(at, seller)));
      expect(opened.map(({ statusCode }) => statusCode).sort()).toEqual([200, 200, 429, 429]);
      expect(opened.find(({ statusCode }) => statusCode === 429)!.headers).toMatchObject({ 'retry-after': '5' });
      const other = await open(at);
      expect(other.statusCode).toBe(200);
      for (const incoming of [...opened, other]) incoming.destroy();
      await until(async () => (await seller.get('/exports/policies')).status === 200);
    });

    it('is cut off when its client takes nothing, and makes room for the next', async () => {
      const api = await desk.crm.also({ CRM_EXPORTS: '1', CRM_EXPORT_STALL_MS: '300' });
      const incoming = await open(await api.listen());
      const next = api.user('ROLE_ADMIN');
      await until(async () => (await next.get('/exports/policies')).status === 200);
      await expect(incoming.resume().toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    });
  });

  /** As if they had never been, so that their ids are free. */
  async function forget(deals: readonly DealView[]): Promise<void> {
    const ids = deals.map(({ id }) => id);
    await desk.crm.database.rows('ALTER TABLE crm.journals DISABLE TRIGGER USER');
    await desk.crm.database.rows('DELETE FROM crm.journals WHERE deal_id = ANY ($1)', [ids]);
    await desk.crm.database.rows('ALTER TABLE crm.journals ENABLE TRIGGER USER');
    await desk.crm.database.rows(`DELETE FROM crm.event_log WHERE deal_id = ANY ($1)`, [ids]);
    await desk.crm.database.rows(`DELETE FROM crm.event_streams WHERE stream = ANY ($1)`, [
      ids.map((id) => `deals/${id}`),
    ]);
    await desk.crm.database.rows('DELETE FROM crm.deals WHERE id = ANY ($1)', [ids]);
  }
});
