import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { addDays } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm } from '../crm.js';
import { addLine, addPayment, pathOf } from '../money.js';
import { byDate, NightWorker, on } from '../night-worker.js';
import { activePolicy, addPolicy, addQuote, moveQuote, policyNumber } from '../sale.js';

jest.setTimeout(120_000);

const FIRST_DAY = '2026-03-02';

describe('reminders', () => {
  let crm: Crm;
  let worker: NightWorker;
  let admin: TestUser;
  let seller: TestUser;
  let executor: TestUser;

  beforeEach(async () => {
    crm = await Crm.start();
    worker = await NightWorker.start(crm);
    [admin, seller, executor] = [crm.user('admin'), crm.user('seller'), crm.user('executor')];
  });

  afterEach(async () => {
    await worker.close();
    await crm.stop();
  });

  /** A deal nobody has to look at meanwhile. */
  async function quietDeal(facts: Readonly<Record<string, unknown>> = {}): Promise<DealView> {
    return crm.deal(admin, { owner_id: seller.id, executor_id: executor.id, next_review_at: '2028-01-10', ...facts });
  }

  describe('of payments', () => {
    const PLANNED = '2026-04-01';
    const ALL = [
      ...on('deal.payment.due', PLANNED, -14, -3, 0),
      ...on('deal.payment.overdue', PLANNED, 1, 5),
      ...on('deal.payment.escalated', PLANNED, 2),
    ].sort(byDate);
    let deal: DealView;

    beforeEach(async () => {
      deal = await quietDeal();
    });

    const plan = (facts: object = {}): Promise<PaymentView> =>
      addPayment(admin, deal, { planned_date: PLANNED, ...facts });

    it('come on their days, morning by morning, each once', async () => {
      const { id } = await plan();
      for (let day = addDays(PLANNED, -15); day <= addDays(PLANNED, 6); day = addDays(day, 1)) {
        await worker.liveUntil(day);
        const until = ALL.filter((given) => given.split(' ')[1]! <= day);
        expect({ day, given: await worker.given(id) }).toEqual({ day, given: until });
      }
    });

    it('of days missed are caught up', async () => {
      const { id } = await plan();
      await worker.liveUntil(addDays(PLANNED, 40));
      expect(await worker.given(id)).toEqual(ALL);
    });

    it('say who should act, what and until when', async () => {
      const payment = await plan();
      await worker.liveUntil(addDays(PLANNED, 5));
      const reminders = await worker.remindersOf(payment.id);
      const ids = { deal_id: deal.id, client_id: deal.client_id, policy_id: null, payment_id: payment.id, payment };
      const told = new Map(reminders.map(({ type, data }) => [`${type} ${data.due_date as string}`, data]));
      expect(told.get(`deal.payment.due ${PLANNED}`)).toMatchObject({
        ...ids,
        assignee_ids: [seller.id],
        assignee_roles: [],
        subject: expect.stringContaining('1000.00 RUB'),
      });
      expect(told.get(`deal.payment.escalated ${addDays(PLANNED, 2)}`)).toMatchObject({
        ...ids,
        key: `deal.payment.escalated/${payment.id}/${addDays(PLANNED, 2)}`,
        assignee_ids: [],
        assignee_roles: ['admin'],
        subject: 'Нет поступлений по платежу 1000.00 RUB',
        description: expect.stringContaining('01.04.2026'),
      });
      const logged = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => type === 'deal.payment.due');
      expect(logged[0]).toMatchObject({ actor_id: null, audience: [seller.id, executor.id] });
    });

    it('leave out what is paid, cancelled or deleted, and escalate no one that has paid a part', async () => {
      const [paid, part, cancelled, deleted] = [await plan(), await plan(), await plan(), await plan()];
      await addLine(admin, paid, 'incomes', { amount: '1000.00' });
      await addLine(admin, part, 'incomes', { amount: '999.99' });
      await admin.post(`${pathOf(cancelled)}/cancel`);
      await admin.delete(pathOf(deleted));
      await worker.liveUntil(addDays(PLANNED, 9));
      expect(await worker.given(paid.id)).toEqual([]);
      expect(await worker.given(cancelled.id)).toEqual([]);
      expect(await worker.given(deleted.id)).toEqual([]);
      expect(await worker.given(part.id)).toEqual(ALL.filter((given) => !given.includes('escalated')));
    });

    it('go on when the deal is closed', async () => {
      const { id } = await plan();
      await admin.patch(`/deals/${deal.id}/stage`, { stage: 'closedWon' });
      await worker.liveUntil(addDays(PLANNED, 9));
      expect(await worker.given(id)).toEqual(ALL);
    });

    it('come at once for a payment planned for today, and once for one moved away and back', async () => {
      const { id } = await addPayment(admin, deal, { planned_date: FIRST_DAY });
      const path = `/deals/${deal.id}/payments/${id}`;
      await worker.settled();
      await admin.patch(path, { planned_date: '2026-07-01' });
      await admin.patch(path, { planned_date: FIRST_DAY });
      await worker.settled();
      expect(await worker.given(id)).toEqual([`deal.payment.due ${FIRST_DAY}`]);
    });
  });

  describe('of policies', () => {
    const END = '2026-05-01';
    const RENEWAL = on('renewal_due', END, -30, -7);
    const EXPIRY = on('expired', END, 0, 3);
    const typed = (prefix: string, given: readonly string[]): string[] => given.map((each) => `${prefix}.${each}`);
    let deal: DealView;

    beforeEach(async () => {
      deal = await quietDeal();
    });

    const issue = (facts: object = {}): Promise<PolicyView> =>
      activePolicy(admin, { deal_id: deal.id, client_id: deal.client_id, effective_to: END, ...facts });

    async function successor(of: PolicyView, isActive: boolean): Promise<void> {
      const draft = await admin.post<PolicyView>(`/policies/${of.id}/renew`, { policy_number: policyNumber() });
      expect(draft).toMatchObject({ status: 201 });
      if (!isActive) return;
      expect(await admin.post(`/policies/${draft.body.id}/activate`)).toMatchObject({ status: 200 });
    }

    const stateOf = async ({ id }: PolicyView) => {
      const { status, close_reason } = (await admin.get<PolicyView>(`/policies/${id}`)).body;
      return [status, close_reason];
    };

    it('come before the end, on it and three days after; then the policy closes as expired, by itself', async () => {
      const policy = await issue();
      await worker.liveUntil(addDays(END, 2));
      expect(await stateOf(policy)).toEqual(['active', null]);
      await worker.liveUntil(addDays(END, 3));
      expect(await stateOf(policy)).toEqual(['closed', 'expired']);
      expect(await worker.given(policy.id)).toEqual(typed('deal.policy', [...RENEWAL, ...EXPIRY]));
      const last = (await crm.events(`deals/${deal.id}`)).slice(-3);
      expect(last.map(({ type }) => type)).toEqual([
        'deal.policy.expired',
        'deal.policy.closed',
        'deal.policy.updated',
      ]);
      expect(last[1]).toMatchObject({ actor_id: null, data: { reason: 'expired', policy: { status: 'closed' } } });
      expect((await crm.journal(deal.id)).at(-1)).toMatchObject({
        body: 'Policy closed: expired',
        author_id: null,
        data: { policy_id: policy.id, before: { status: 'active' }, after: { status: 'closed' } },
      });
      await worker.liveUntil(addDays(END, 20));
      expect(await worker.given(policy.id)).toHaveLength(4);
    });

    it('of days missed all come before the policy closes', async () => {
      const policy = await issue();
      await worker.liveUntil(addDays(END, 12));
      expect(await stateOf(policy)).toEqual(['closed', 'expired']);
      expect(await worker.given(policy.id)).toEqual(typed('deal.policy', [...RENEWAL, ...EXPIRY]));
    });

    it('without a deal go to its owner on its own stream', async () => {
      const { id: clientId } = await crm.client(admin);
      const policy = await issue({ deal_id: null, client_id: clientId, owner_id: seller.id });
      await worker.liveUntil(addDays(END, 3));
      expect(await worker.given(policy.id)).toEqual(typed('policy', [...RENEWAL, ...EXPIRY]));
      const [renewal] = await worker.remindersOf(policy.id);
      expect(renewal!.data).toMatchObject({
        deal_id: null,
        policy_id: policy.id,
        due_date: END,
        policy: { renewal_due: true },
      });
      const events = await crm.events(`policies/${policy.id}`);
      expect(events.slice(-3).map(({ type }) => type)).toEqual(['policy.expired', 'policy.closed', 'policy.updated']);
    });

    it('are not given of a policy whose successor is in force, which closes when its cover is over', async () => {
      const policy = await issue();
      await successor(policy, true);
      await worker.liveUntil(END);
      expect(await stateOf(policy)).toEqual(['active', null]);
      await worker.liveUntil(addDays(END, 1));
      expect(await stateOf(policy)).toEqual(['closed', 'expired']);
      expect(await worker.given(policy.id)).toEqual([]);
    });

    it('ask for no renewal when one is drafted, but tell of the end that it does not cover', async () => {
      const policy = await issue();
      await successor(policy, false);
      await worker.liveUntil(addDays(END, 4));
      expect(await worker.given(policy.id)).toEqual(typed('deal.policy', EXPIRY));
    });

    it('leave out drafts and closed ones', async () => {
      const facts = { deal_id: deal.id, client_id: deal.client_id, effective_to: END };
      const [draft, closed] = [await addPolicy(admin, facts), await issue()];
      await admin.post(`/policies/${closed.id}/close`, { reason: 'cancelled' });
      await worker.liveUntil(addDays(END, 4));
      expect(await worker.given(draft.id)).toEqual([]);
      expect(await worker.given(closed.id)).toEqual([]);
    });
  });

  describe('of quotes', () => {
    const period = (end: string): object => ({ validity_period: { start: '2026-03-01', end } });

    it('come the day after validity, to who collects quotes', async () => {
      const quote = await addQuote(admin, await quietDeal(), period('2026-03-20'));
      await worker.liveUntil('2026-03-20');
      expect(await worker.given(quote.id)).toEqual([]);
      await worker.liveUntil('2026-03-21');
      expect(await worker.given(quote.id)).toEqual(['deal.quote.expired 2026-03-21']);
      const [reminder] = await worker.remindersOf(quote.id);
      expect(reminder!.data).toMatchObject({
        assignee_ids: [executor.id],
        due_date: '2026-03-21',
        quote_id: quote.id,
        quote: { expired: true },
      });
    });

    it('leave out archived ones, those whose policy was issued, and those of closed and deleted deals', async () => {
      const end = period('2026-03-20');
      const deal = await quietDeal();
      const archived = await moveQuote(admin, await addQuote(admin, deal, end), ['ready', 'archived']);
      const chosen = await moveQuote(admin, await addQuote(admin, deal, end), ['ready', 'confirmed']);
      const drafted = await admin.post<PolicyView>(`/deals/${deal.id}/quotes/${chosen.id}/policy`);
      await admin.patch(`/policies/${drafted.body.id}`, { policy_number: policyNumber() });
      expect(await admin.post(`/policies/${drafted.body.id}/activate`)).toMatchObject({ status: 200 });
      const [lost, gone] = [await quietDeal(), await quietDeal()];
      const [ofLost, ofGone] = [await addQuote(admin, lost, end), await addQuote(admin, gone, end)];
      await admin.patch(`/deals/${lost.id}/stage`, { stage: 'closedLost' });
      expect(await admin.delete(`/deals/${gone.id}`)).toMatchObject({ status: 204 });
      await worker.liveUntil('2026-03-25');
      for (const { id } of [archived, chosen, ofLost, ofGone]) expect(await worker.given(id)).toEqual([]);
    });
  });

  describe('of reviews', () => {
    it('come on the day and every morning after it, until the deal is closed', async () => {
      const deal = await quietDeal({ next_review_at: '2026-03-10' });
      await worker.liveUntil('2026-03-13');
      const due = on('deal.review_due', '2026-03-10', 0, 1, 2, 3);
      expect(await worker.given(deal.id)).toEqual(due);
      const kinds = (await worker.remindersOf(deal.id)).map(({ data }) => data.kind as string);
      expect(kinds).toEqual(['due', 'overdue', 'overdue', 'overdue']);
      await admin.patch(`/deals/${deal.id}/stage`, { stage: 'closedWon' });
      await worker.liveUntil('2026-03-16');
      expect(await worker.given(deal.id)).toEqual(due);
    });
  });
});
