import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import { newId } from '#platform/kernel';
import { type Answer, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { CrmUser, type Reply } from '../../support/crm-user.js';
import { printMeasurements } from '../../support/books/measurements.js';
import { addLine, addPayment, LINE, pathOf, PLANNED } from '../../support/money.js';
import { expectTrueMoney } from '../../support/books/money-history.js';
import { addPolicy } from '../../support/sale.js';

const CONNECTIONS = 20;
const CHANGES = 10_000;
const AT_ONCE = 1_000;
const ROUNDS = 20;

let crm: Crm;
let seller: TestUser;
let finance: TestUser;
let deal: DealView;

beforeAll(async () => {
  // A long time-out, because a thousand concurrent requests wait in a queue.
  crm = await Crm.start();
  seller = crm.user('seller');
  finance = crm.user('finance');
});
afterAll(() => crm.stop());
beforeEach(async () => {
  deal = await crm.deal(seller);
});

/** Number of answers per status and code. */
function tally(answers: readonly Pick<Answer<unknown>, 'status' | 'code'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of answers) {
    const outcome = code ? `${status} ${code}` : String(status);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

const codeOf = ({ body }: Reply<unknown>): string | undefined => (body as { code?: string } | undefined)?.code;
const atOnce = <T>(count: number, send: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => send(index)));
const read = async (payment: PaymentView): Promise<PaymentView> =>
  (await seller.get<PaymentView>(pathOf(payment))).body;

describe('one payment with concurrent requests', () => {
  /** Each change has its own amount, so that none changes nothing. */
  let counted = 0;
  const amount = (): string => {
    counted += 1;
    return `${1 + (counted % 977)}.${String(counted % 100).padStart(2, '0')}`;
  };

  it('accepts 10,000 conflicting changes of its lines from 20 connections and loses none', async () => {
    const payment = await addPayment(seller, deal, { planned_amount: '500000.00' });
    const url = await crm.api.listen();
    const users = Array.from({ length: CONNECTIONS }, () => new CrmUser({ url }, ['ROLE_ADMIN']));
    const path = pathOf(payment);
    const living: string[] = [];
    const outcomes: Record<string, number> = {};
    let done = 0;
    const change = async (user: CrmUser): Promise<void> => {
      const dice = Math.random();
      const line = living[Math.floor(Math.random() * living.length)];
      let reply: Reply<{ id: string } | undefined>;
      if (line === undefined || dice < 0.4) {
        const lines = dice < 0.3 ? 'incomes' : 'expenses';
        reply = await user.post(`${path}/${lines}`, { ...LINE, amount: amount() });
        if (reply.status === 201) living.push(`${path}/${lines}/${reply.body!.id}`);
      } else if (dice < 0.7) reply = await user.patch(line, { amount: amount() });
      else {
        living.splice(living.indexOf(line), 1);
        reply = await user.send('DELETE', line);
      }
      const outcome = [reply.status, codeOf(reply)].filter(Boolean).join(' ');
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (reply.status < 300) done += 1;
    };
    const began = performance.now();
    await Promise.all(
      users.map(async (user) => {
        while (done < CHANGES) await change(user);
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    await Promise.all(users.map((user) => user.close()));
    // Only a line that was deleted meanwhile is refused.
    const refused = ['404 income_not_found', '404 expense_not_found'];
    expect(Object.keys(outcomes).filter((outcome) => !['200', '201', '204', ...refused].includes(outcome))).toEqual([]);
    const changes = await expectTrueMoney(crm, deal.id);
    expect(changes).toBe(done);
    expect((await read(payment)).version).toBe(1 + done);
    printMeasurements('lines of one payment', {
      changes,
      perSecond: Math.round(done / seconds),
      ...outcomes,
    });
  });

  it('is changed once by 1,000 requests with one version', async () => {
    const payment = await addPayment(seller, deal);
    const answers = await atOnce(AT_ONCE, (index) =>
      seller.patch<PaymentView>(pathOf(payment), { comment: `взнос ${index}` }, { 'if-match': '"1"' }),
    );
    expect(tally(answers)).toEqual({ '200': 1, '412 version_mismatch': AT_ONCE - 1 });
    expect(await read(payment)).toEqual(answers.find(({ status }) => status === 200)!.body);
    expect(await expectTrueMoney(crm, deal.id)).toBe(0);
  });

  it('gets one line, or one change of it, from many requests with one version', async () => {
    const payment = await addPayment(seller, deal);
    const added = await atOnce(100, () =>
      seller.post<PaymentLineView>(`${pathOf(payment)}/incomes`, LINE, { 'if-match': '"1"' }),
    );
    expect(tally(added)).toEqual({ '201': 1, '412 version_mismatch': 99 });
    const line = `${pathOf(payment)}/incomes/${added.find(({ status }) => status === 201)!.body.id}`;
    const revised = await atOnce(100, (index) =>
      seller.patch(line, { amount: `${index + 1}.00` }, { 'if-match': '"1"' }),
    );
    expect(tally(revised)).toEqual({ '200': 1, '412 version_mismatch': 99 });
    const deleted = await atOnce(100, () => seller.delete(line, { 'if-match': '"2"' }));
    const { '204': gone, ...lost } = tally(deleted);
    expect(gone).toBe(1);
    expect(
      Object.keys(lost).filter((outcome) => !/^(404 income_not_found|412 version_mismatch)$/.test(outcome)),
    ).toEqual([]);
    expect(await expectTrueMoney(crm, deal.id)).toBe(3);
  });

  it('gets one income from 1,000 requests with one Idempotency-Key', async () => {
    const payment = await addPayment(seller, deal);
    const headers = { 'idempotency-key': newId() };
    const send = () => seller.post<PaymentLineView>(`${pathOf(payment)}/incomes`, LINE, headers);
    const answers = await atOnce(AT_ONCE, send);
    const { '201': given = 0, '409 idempotency_in_progress': waiting = 0, ...others } = tally(answers);
    expect(others).toEqual({});
    expect(given + waiting).toBe(AT_ONCE);
    const first = answers.filter(({ status, headers: h }) => status === 201 && !h['idempotency-replayed']);
    expect(first).toHaveLength(1);
    for (const answer of await atOnce(20, send)) {
      expect(answer).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' }, body: first[0]!.body });
    }
    expect(await read(payment)).toMatchObject({ incomes_total: LINE.amount, version: 2 });
    expect(await expectTrueMoney(crm, deal.id)).toBe(1);
  });
});

describe('many payments with concurrent requests', () => {
  it('each get their own lines and refusals, from two processes', async () => {
    const other = await crm.also({});
    const [here, there] = [crm.api, other].map(({ inject }) => new TestUser(inject, seller.id, ['ROLE_SALES_AGENT']));
    const stranger = crm.user('seller');
    const deals = await Promise.all(Array.from({ length: 12 }, () => crm.deal(seller)));
    const payments = await Promise.all(deals.map((one) => addPayment(seller, one, { planned_amount: '5000.00' })));
    const expected: Record<string, number> = {};
    const answers = await atOnce(600, (index) => {
      // Order and sender are independent of the deal.
      const path = pathOf(payments[(index * 7) % payments.length]!);
      const lines = `${path}/${index % 4 === 0 ? 'expenses' : 'incomes'}`;
      const [outcome, by, body] =
        index % 10 === 3
          ? ['400 currency_mismatch', here!, { ...LINE, currency: 'USD' }]
          : index % 10 === 7
            ? ['404 deal_not_found', stranger, LINE]
            : ['201', index % 2 === 0 ? here! : there!, { ...LINE, amount: `${1 + (index % 50)}.37` }];
      expected[outcome] = (expected[outcome] ?? 0) + 1;
      return by.post<PaymentLineView>(lines, body);
    });
    expect(tally(answers)).toEqual(expected);
    let changes = 0;
    for (const one of deals) {
      changes += await expectTrueMoney(crm, one.id);
      expect(await seller.get(`/deals/${one.id}/journal/verify`)).toMatchObject({ body: { valid: true } });
    }
    expect(changes).toBe(expected['201']);
  });
});

describe('two concurrent requests', () => {
  it('number the payments of each policy from 1 without duplicates', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const schedule = { amount: '100.00', currency: 'RUB', instalments: 3, first_date: '2026-04-01', every: 'month' };
    await atOnce(60, (index) => {
      const policy_id = index % 2 ? policy.id : null;
      if (index % 5 === 0) return seller.post(`/deals/${deal.id}/payments/schedule`, { ...schedule, policy_id });
      return seller.post(`/deals/${deal.id}/payments`, { ...PLANNED, policy_id });
    });
    await expectTrueMoney(crm, deal.id);
    const [row] = await crm.database.rows('SELECT count(*)::int AS n FROM crm.payments WHERE deal_id = $1', [deal.id]);
    expect(row).toEqual({ n: 48 + 12 * 3 });
  });

  /** Sends two concurrent requests repeatedly, in both orders. */
  const race = async (one: () => Promise<Answer<unknown>>, other: () => Promise<Answer<unknown>>): Promise<string> => {
    const answers =
      Math.random() < 0.5 ? await Promise.all([one(), other()]) : (await Promise.all([other(), one()])).reverse();
    return answers.map(({ status, code }) => (code ? `${status} ${code}` : String(status))).join(' / ');
  };

  it.each<[string, (payment: PaymentView) => Promise<string>, readonly string[]]>([
    [
      'cancelling, and incomes',
      (payment) =>
        race(
          () => finance.post(`${pathOf(payment)}/cancel`),
          () => seller.post(`${pathOf(payment)}/incomes`, LINE),
        ),
      ['200 / 201', '200 / 409 payment_cancelled'],
    ],
    [
      'deleting, and incomes',
      (payment) =>
        race(
          () => seller.delete(pathOf(payment)),
          () => seller.post(`${pathOf(payment)}/incomes`, LINE),
        ),
      ['204 / 404 payment_not_found', '409 payment_has_transactions / 201'],
    ],
    [
      'another currency, and incomes in the old one',
      (payment) =>
        race(
          () => seller.patch(pathOf(payment), { currency: 'USD' }),
          () => seller.post(`${pathOf(payment)}/incomes`, { ...LINE, currency: 'RUB' }),
        ),
      ['200 / 400 currency_mismatch', '409 payment_has_transactions / 201'],
    ],
    [
      'another plan, and incomes',
      (payment) =>
        race(
          () => seller.patch(pathOf(payment), { planned_amount: '300.00' }),
          () => seller.post(`${pathOf(payment)}/incomes`, LINE),
        ),
      ['200 / 201'],
    ],
    [
      'confirming twice',
      (payment) =>
        race(
          () => finance.post(`${pathOf(payment)}/confirm`, {}),
          () => finance.post(`${pathOf(payment)}/confirm`, {}),
        ),
      ['200 / 409 payment_confirmed', '409 payment_confirmed / 200'],
    ],
  ])('%s: are serialised in either order', async (_what, collide, possible) => {
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS; round++) outcomes.push(await collide(await addPayment(seller, deal)));
    expect(outcomes.filter((outcome) => !possible.includes(outcome))).toEqual([]);
    await expectTrueMoney(crm, deal.id);
  });

  it('that delete a deal and add a payment leave the deal with the payment or neither', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await crm.deal(seller);
      outcomes.push(
        await race(
          () => seller.delete(`/deals/${id}`),
          () => seller.post(`/deals/${id}/payments`, PLANNED),
        ),
      );
    }
    const possible = ['204 / 404 deal_not_found', '409 deal_has_payments / 201'];
    expect(outcomes.filter((outcome) => !possible.includes(outcome))).toEqual([]);
    expect(await orphans('deals', 'deal_id')).toEqual([]);
  });

  it('that delete a policy and add a payment leave the policy with the payment or neither', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await addPolicy(seller, { deal_id: deal.id });
      outcomes.push(
        await race(
          () => seller.delete(`/policies/${id}`),
          () => seller.post(`/deals/${deal.id}/policies/${id}/payments`, PLANNED),
        ),
      );
    }
    const possible = ['204 / 404 policy_not_found', '409 policy_has_payments / 201'];
    expect(outcomes.filter((outcome) => !possible.includes(outcome))).toEqual([]);
    expect(await orphans('policies', 'policy_id')).toEqual([]);
  });

  const orphans = (table: string, key: string): Promise<object[]> =>
    crm.database.rows(
      `SELECT p.id FROM crm.payments p JOIN crm.${table} t ON t.id = p.${key} WHERE t.is_deleted AND NOT p.is_deleted`,
    );

  it('publish no further lines to a user who has lost the deal', async () => {
    const lead = crm.user('lead');
    const owners = [crm.user('seller'), crm.user('seller')];
    const payment = await addPayment(seller, deal);
    await addLine(seller, payment, 'incomes');
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([
        lead.patch(`/deals/${deal.id}/assignment`, { owner_id: owners[round % 2]!.id }),
        ...Array.from({ length: 4 }, () => finance.post(`${pathOf(payment)}/incomes`, LINE)),
      ]);
    }
    let owner = seller.id;
    for (const { type, data, audience } of await crm.events(`deals/${deal.id}`)) {
      if (type === 'deal.assigned') owner = (data.owner as { after: string }).after;
      else if (type.startsWith('deal.payment.')) expect(audience).toEqual([owner, null]);
    }
    await expectTrueMoney(crm, deal.id);
  });
});
