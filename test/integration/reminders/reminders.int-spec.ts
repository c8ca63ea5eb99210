import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import { addDays } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { byDate, WorkerHarness, on } from '../../support/worker-harness.js';
import { activePolicy, addPolicy, addQuote, moveQuote, policyNumber } from '../../support/sale.js';

const TODAY = '2026-03-02';
/** Planned date of payments, last day of policies and quotes, first review: all reminders are in the future. */
const DATE = '2026-04-03';
const LAST_DAY = addDays(DATE, 7);

const PAYMENT = [
  ...on('deal.payment.due', DATE, -14, -3, 0),
  ...on('deal.payment.overdue', DATE, 1, 5),
  ...on('deal.payment.escalated', DATE, 2),
].sort(byDate);
const RENEWAL = on('policy.renewal_due', DATE, -30, -7);
const EXPIRY = on('policy.expired', DATE, 0, 3);
const ofDeal = (given: readonly string[]): string[] => given.map((each) => `deal.${each}`);

describe('reminders', () => {
  let crm: Crm;
  let worker: WorkerHarness;
  let admin: TestUser;
  let seller: TestUser;
  let executor: TestUser;
  let deal: DealView;
  let won: DealView;

  beforeAll(async () => {
    crm = await Crm.start();
    worker = await WorkerHarness.start(crm);
    [admin, seller, executor] = [crm.user('admin'), crm.user('seller'), crm.user('executor')];
    [deal, won] = [await quietDeal(), await quietDeal()];
  });

  afterAll(async () => {
    await worker.close();
    await crm.stop();
  });

  /** A deal without a review in the tested time. */
  function quietDeal(facts: Readonly<Record<string, unknown>> = {}): Promise<DealView> {
    return crm.deal(admin, { owner_id: seller.id, executor_id: executor.id, next_review_at: '2028-01-10', ...facts });
  }

  const plan = (of: DealView = deal): Promise<PaymentView> => addPayment(admin, of, { planned_date: DATE });

  const issue = (facts: object = {}, by: TestUser = admin): Promise<PolicyView> =>
    activePolicy(by, {
      deal_id: deal.id,
      client_id: deal.client_id,
      effective_from: '2026-03-01',
      effective_to: DATE,
      ...facts,
    });

  async function renew(policy: PolicyView, isActivated: boolean): Promise<void> {
    const draft = await admin.post<PolicyView>(`/policies/${policy.id}/renew`, { policy_number: policyNumber() });
    expect(draft).toMatchObject({ status: 201 });
    if (!isActivated) return;
    expect(await admin.post(`/policies/${draft.body.id}/activate`)).toMatchObject({ status: 200 });
  }

  const quote = (of: DealView = deal): Promise<QuoteView> =>
    addQuote(admin, of, { validity_period: { start: '2026-03-01', end: DATE } });

  /** Status of a policy, and the reason of its closing. */
  async function stateOf({ id }: PolicyView): Promise<readonly (string | null)[]> {
    const { status, close_reason } = (await admin.get<PolicyView>(`/policies/${id}`)).body;
    return [status, close_reason];
  }

  it('are published at once for a payment planned for today, and once for one moved away and back', async () => {
    const payment = await addPayment(admin, deal, { planned_date: TODAY });
    await worker.settled();
    await admin.patch(pathOf(payment), { planned_date: '2027-07-01' });
    await admin.patch(pathOf(payment), { planned_date: TODAY });
    await worker.settled();
    expect(await worker.reminderKeys(payment.id)).toEqual([`deal.payment.due ${TODAY}`]);
  });

  describe('of sixteen subjects over six weeks', () => {
    const expected = new Map<string, readonly string[]>();
    let payment: PaymentView;
    let policy: PolicyView;
    let own: PolicyView;
    let renewed: PolicyView;
    let offer: QuoteView;
    let overdue: DealView;

    beforeAll(async () => {
      await openPayments();
      await openPolicies();
      await openQuotes();
      overdue = await quietDeal({ next_review_at: addDays(DATE, 4) });
      expected.set(overdue.id, on('deal.review_due', DATE, 4, 5, 6, 7));
      await worker.settled();
    });

    async function openPayments(): Promise<void> {
      payment = await plan();
      const [ofWon, paid, part, cancelled] = [await plan(won), await plan(), await plan(), await plan()];
      const deleted = await plan();
      await admin.patch(`/deals/${won.id}/stage`, { stage: 'closedWon' });
      await addLine(admin, paid, 'incomes', { amount: '1000.00' });
      await addLine(admin, part, 'incomes', { amount: '999.99' });
      expect(await admin.post(`${pathOf(cancelled)}/cancel`)).toMatchObject({ status: 200 });
      expect(await admin.delete(pathOf(deleted))).toMatchObject({ status: 204 });
      for (const { id } of [payment, ofWon]) expected.set(id, PAYMENT);
      for (const { id } of [paid, cancelled, deleted]) expected.set(id, []);
      expected.set(
        part.id,
        PAYMENT.filter((given) => !given.includes('escalated')),
      );
    }

    async function openPolicies(): Promise<void> {
      const { id: clientId } = await crm.client(seller);
      [policy, renewed] = [await issue(), await issue()];
      own = await issue({ deal_id: undefined, client_id: clientId }, seller);
      const [half, closed] = [await issue(), await issue()];
      const draft = await addPolicy(admin, { deal_id: deal.id, client_id: deal.client_id, effective_to: DATE });
      await renew(renewed, true);
      await renew(half, false);
      await admin.post(`/policies/${closed.id}/close`, { reason: 'cancelled' });
      expected.set(policy.id, ofDeal([...RENEWAL, ...EXPIRY]));
      expected.set(own.id, [...RENEWAL, ...EXPIRY]);
      // A draft is no cover: the end of its predecessor must be published.
      expected.set(half.id, ofDeal(EXPIRY));
      for (const { id } of [renewed, closed, draft]) expected.set(id, []);
    }

    async function openQuotes(): Promise<void> {
      const [lost, gone] = [await quietDeal(), await quietDeal()];
      const [ofLost, ofGone] = [await quote(lost), await quote(gone)];
      await admin.patch(`/deals/${lost.id}/stage`, { stage: 'closedLost' });
      expect(await admin.delete(`/deals/${gone.id}`)).toMatchObject({ status: 204 });
      offer = await quote();
      const archived = await moveQuote(admin, await quote(), ['ready', 'archived']);
      const chosen = await moveQuote(admin, await quote(), ['ready', 'confirmed']);
      const { body: issued } = await admin.post<PolicyView>(`/deals/${deal.id}/quotes/${chosen.id}/policy`);
      await admin.patch(`/policies/${issued.id}`, { policy_number: policyNumber(), effective_to: '2027-03-14' });
      expect(await admin.post(`/policies/${issued.id}/activate`)).toMatchObject({ status: 200 });
      expected.set(offer.id, on('deal.quote.expired', DATE, 1));
      for (const { id } of [ofLost, ofGone, archived, chosen]) expected.set(id, []);
    }

    it('are published once on their days by the daily runs; policies close on their day', async () => {
      for (let day = addDays(TODAY, 1); day <= LAST_DAY; day = addDays(day, 1)) {
        await worker.advanceTo(day);
        for (const [id, all] of expected) {
          const soFar = all.filter((each) => each.split(' ')[1]! <= day);
          expect({ day, id, given: await worker.reminderKeys(id) }).toEqual({ day, id, given: soFar });
        }
        expect([day, await stateOf(renewed)]).toEqual([day, day > DATE ? ['closed', 'expired'] : ['active', null]]);
        const isOver = day >= addDays(DATE, 3);
        expect([day, await stateOf(policy)]).toEqual([day, isOver ? ['closed', 'expired'] : ['active', null]]);
      }
    });

    it('contain the responsible user, the subject and the due date', async () => {
      const [first] = await worker.remindersOf(payment.id);
      const ids = { deal_id: deal.id, client_id: deal.client_id, policy_id: null, payment_id: payment.id, payment };
      expect(first!.data).toEqual({
        ...ids,
        key: `deal.payment.due/${payment.id}/${addDays(DATE, -14)}`,
        due_date: DATE,
        days_late: 0,
        assignee_ids: [seller.id],
        assignee_roles: [],
        subject: 'Срок платежа 1000.00 RUB: 03.04.2026',
        description: expect.stringContaining('14 дней'),
      });
      const escalated = (await worker.remindersOf(payment.id)).find(({ type }) => type === 'deal.payment.escalated');
      expect(escalated!.data).toMatchObject({
        ...ids,
        due_date: addDays(DATE, 2),
        assignee_ids: [],
        assignee_roles: ['admin'],
        subject: 'Нет поступлений по платежу 1000.00 RUB',
      });
      const [expired] = await worker.remindersOf(offer.id);
      expect(expired!.data).toMatchObject({ assignee_ids: [executor.id], quote: { id: offer.id, expired: true } });
      const kinds = (await worker.remindersOf(overdue.id)).map(({ data }) => data.kind);
      expect(kinds).toEqual(['due', 'overdue', 'overdue', 'overdue']);
      const logged = (await crm.events(`deals/${deal.id}`)).find(({ type }) => type === 'deal.payment.due');
      expect(logged).toMatchObject({ actor_id: null, audience: [seller.id, null, executor.id] });
    });

    it('of a policy are published before its closing, which has no actor', async () => {
      const events = await crm.events(`policies/${own.id}`);
      expect(events.slice(-3).map(({ type }) => type)).toEqual(['policy.expired', 'policy.closed', 'policy.updated']);
      expect(events.at(-3)).toMatchObject({ data: { deal_id: null, policy_id: own.id, assignee_ids: [seller.id] } });
      expect(events.at(-2)).toMatchObject({
        actor_id: null,
        data: { reason: 'expired', policy: { status: 'closed' } },
      });
      const closing = (await crm.journal(deal.id)).filter(({ body }) => body === 'Policy closed: expired');
      expect(closing).toContainEqual(
        expect.objectContaining({
          author_id: null,
          data: expect.objectContaining({
            policy_id: policy.id,
            before: expect.objectContaining({ status: 'active' }),
          }),
        }),
      );
    });
  });

  it('of days missed are published late, a week back, and those of a policy before it closes', async () => {
    const date = addDays(LAST_DAY, 33);
    const payment = await addPayment(admin, deal, { planned_date: date });
    const policy = await issue({ effective_to: date });
    await worker.settled();
    await worker.advanceTo(addDays(date, 9));
    const late = [...on('deal.payment.escalated', date, 2), ...on('deal.payment.overdue', date, 5)];
    expect(await worker.reminderKeys(payment.id)).toEqual(late);
    // Each kind has its own job: their order in the log is open.
    const facts = (await worker.remindersOf(payment.id)).map(({ data }) => data);
    expect(facts.sort((one, other) => Number(other.days_late) - Number(one.days_late))).toEqual([
      expect.objectContaining({ days_late: 7, due_date: addDays(date, 9) }),
      expect.objectContaining({ days_late: 4, subject: 'Платёж 1000.00 RUB просрочен на 9 дней' }),
    ]);
    expect(await worker.reminderKeys(policy.id)).toEqual(on('deal.policy.expired', date, 3));
    expect(await stateOf(policy)).toEqual(['closed', 'expired']);
  });

  it('of an overdue review are published once for all missed days, and again on the next day', async () => {
    const today = crm.clock.now().slice(0, 10);
    const review = await quietDeal({ next_review_at: addDays(today, 1) });
    await worker.settled();
    await worker.advanceTo(addDays(today, 5));
    await worker.advanceTo(addDays(today, 6));
    expect(await worker.reminderKeys(review.id)).toEqual(on('deal.review_due', today, 5, 6));
    const late = (await worker.remindersOf(review.id)).map(({ data }) => [data.kind, data.days_late]);
    expect(late).toEqual([
      ['overdue', 4],
      ['overdue', 5],
    ]);
  });

  it('are published late when the worker processes the events on the next day', async () => {
    const day = crm.clock.now().slice(0, 10);
    const dayAfter = addDays(day, 1);
    await worker.close();
    const payment = await addPayment(admin, deal, { planned_date: day });
    const policy = await issue({ effective_to: addDays(day, 7) });
    const offer = await addQuote(admin, deal, { validity_period: { start: addDays(day, -1), end: addDays(day, -1) } });
    const review = await quietDeal({ next_review_at: day });
    crm.clock.set(`${dayAfter}T06:00:00.000Z`);
    worker = await WorkerHarness.start(crm);
    await worker.settled();
    expect(await worker.reminderKeys(payment.id)).toEqual([
      `deal.payment.due ${day}`,
      `deal.payment.overdue ${dayAfter}`,
    ]);
    expect(await worker.reminderKeys(policy.id)).toEqual([`deal.policy.renewal_due ${day}`]);
    expect(await worker.reminderKeys(offer.id)).toEqual([`deal.quote.expired ${day}`]);
    expect(await worker.reminderKeys(review.id)).toEqual([`deal.review_due ${dayAfter}`]);
  });
});
