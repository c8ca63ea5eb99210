import type { DealView, Stage } from '#crm/deals/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { addQuote, moveQuote } from '../../support/sale.js';

interface Metric {
  readonly stage: Stage;
  readonly count: number;
  readonly total_value: readonly object[];
  readonly expected_premium: readonly object[];
  readonly conversion_rate: number;
  readonly avg_cycle_duration_days: number | null;
}

const NOTHING = { count: 0, total_value: [], expected_premium: [], conversion_rate: 0, avg_cycle_duration_days: null };

describe('the funnel', () => {
  let crm: Crm;
  let lead: TestUser;

  beforeEach(async () => {
    crm = await Crm.start();
    lead = crm.user('lead');
  });
  afterEach(() => crm.stop());

  const metrics = async (query = '', by: TestUser = lead): Promise<readonly Metric[]> => {
    const answer = await by.get<{ items: readonly Metric[] }>(`/deals/stage-metrics?${query}`);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['items']);
    return answer.body.items;
  };
  const move = (id: string, stage: Stage) => lead.patch<DealView>(`/deals/${id}/stage`, { stage });

  it('without deals has five empty stages, in order', async () => {
    expect(await metrics()).toEqual([
      { stage: 'qualification', ...NOTHING },
      { stage: 'negotiation', ...NOTHING },
      { stage: 'proposal', ...NOTHING },
      { stage: 'closedWon', ...NOTHING },
      { stage: 'closedLost', ...NOTHING },
    ]);
  });

  it('contains days from opening to closing or until now, and shares of all deals', async () => {
    const [won, wonLater, lost, open] = [
      await crm.deal(lead),
      await crm.deal(lead),
      await crm.deal(lead),
      await crm.deal(lead),
    ];
    crm.clock.advanceDays(2);
    await move(won.id, 'closedWon');
    crm.clock.advanceDays(2.5);
    await move(wonLater.id, 'closedWon');
    await move(lost.id, 'closedLost');
    await move(open.id, 'proposal');
    const young = await crm.deal(lead);
    await move(young.id, 'proposal');
    crm.clock.advanceDays(5.5);
    expect(await metrics()).toEqual([
      { stage: 'qualification', ...NOTHING },
      { stage: 'negotiation', ...NOTHING },
      {
        stage: 'proposal',
        count: 2,
        total_value: [],
        expected_premium: [],
        conversion_rate: 0.4,
        avg_cycle_duration_days: 7.75,
      },
      {
        stage: 'closedWon',
        count: 2,
        total_value: [],
        expected_premium: [],
        conversion_rate: 0.4,
        avg_cycle_duration_days: 3.25,
      },
      {
        stage: 'closedLost',
        count: 1,
        total_value: [],
        expected_premium: [],
        conversion_rate: 0.2,
        avg_cycle_duration_days: 4.5,
      },
    ]);
  });

  it('expects of open deals the premium of their confirmed quotes, else the lowest ready and valid one', async () => {
    const offer = async (deal: DealView, premium_amount: string, states: readonly string[], facts: object = {}) =>
      moveQuote(lead, await addQuote(lead, deal, { premium_amount, ...facts }), states);
    const [chosen, offered, mixed, won] = [
      await crm.deal(lead),
      await crm.deal(lead),
      await crm.deal(lead),
      await crm.deal(lead),
    ];
    await offer(chosen, '900.00', ['ready', 'confirmed']);
    await offer(chosen, '70.00', ['ready', 'confirmed'], { currency: 'USD' });
    await offer(chosen, '100.00', ['ready']);
    await offer(offered, '500.10', ['ready']);
    await offer(offered, '400.10', ['ready']);
    await offer(offered, '1.00', []);
    await offer(offered, '2.00', ['ready', 'archived']);
    await offer(offered, '3.00', ['ready'], { validity_period: { start: '2026-01-01', end: '2026-03-01' } });
    const deleted = await offer(offered, '4.00', ['ready']);
    expect(await lead.delete(`/deals/${offered.id}/quotes/${deleted.id}`)).toMatchObject({ status: 204 });
    await offer(mixed, '10.00', ['ready']);
    crm.clock.advanceDays(0.1);
    await offer(mixed, '20.00', ['ready'], { currency: 'USD' });
    await offer(won, '9000.00', ['ready', 'confirmed']);
    await move(offered.id, 'proposal');
    await move(won.id, 'closedWon');
    const expected = async (query = '', by: TestUser = lead) =>
      Object.fromEntries((await metrics(query, by)).map(({ stage, expected_premium }) => [stage, expected_premium]));
    expect(await expected()).toEqual({
      qualification: [
        { currency: 'RUB', amount: '900.00' },
        { currency: 'USD', amount: '90.00' },
      ],
      negotiation: [],
      proposal: [{ currency: 'RUB', amount: '400.10' }],
      closedWon: [],
      closedLost: [],
    });
    expect((await expected('stage=proposal')).qualification).toEqual([]);
    expect((await expected('', crm.user('seller'))).proposal).toEqual([]);
  });

  it('counts a former stage code as its stage, and no deleted deal', async () => {
    const [old, deleted] = [await crm.deal(lead), await crm.deal(lead)];
    await crm.deal(lead);
    await crm.database.rows(`UPDATE crm.deals SET status = 'draft' WHERE id = $1`, [old.id]);
    await lead.delete(`/deals/${deleted.id}`);
    const [qualification] = await metrics();
    expect(qualification).toMatchObject({ stage: 'qualification', count: 2, conversion_rate: 1 });
  });

  it('counts the deals of a list with the same filters', async () => {
    const [anna, executor] = [newId(), newId()];
    const client = await crm.client(lead);
    const stages: Stage[] = ['qualification', 'negotiation', 'proposal', 'closedWon', 'closedLost'];
    for (const [index, stage] of [...stages, ...stages].entries()) {
      const { id } = await crm.deal(lead, {
        title: index % 2 ? 'КАСКО' : 'ОСАГО',
        next_review_at: index % 3 ? '2026-03-05' : '2026-05-05',
        ...(index % 4 === 0 && { owner_id: anna }),
        ...(index < 3 && { executor_id: executor, client_id: client.id }),
      });
      if (stage !== 'qualification') await move(id, stage);
    }
    const filters = [
      'stage=proposal&stage=closedWon',
      `manager=${anna}`,
      `manager[]=${anna}&manager[]=__NO_MANAGER__`,
      'manager=__NO_MANAGER__',
      `executor_id=${executor}`,
      `client_id=${client.id}&stage=negotiation`,
      'period=7d',
      'period=90d',
      `search=${encodeURIComponent('каско')}`,
      `search=${encodeURIComponent('каско')}&period=7d&manager=__NO_MANAGER__`,
      `executor_id=${anna}`,
    ];
    for (const filter of filters) {
      const { body } = await lead.get<Listed<DealView>>(`/deals?limit=200&${filter}`);
      const counts = stages.map((stage) => body.items.filter((deal) => deal.stage === stage).length);
      const funnel = await metrics(filter);
      expect({ filter, counts: funnel.map(({ count }) => count) }).toEqual({ filter, counts });
      const shares = funnel.reduce((sum, { conversion_rate }) => sum + conversion_rate, 0);
      expect(shares).toBeCloseTo(body.items.length > 0 ? 1 : 0, 12);
    }
  });

  it('sums up planned amounts per currency, without cancelled and deleted payments', async () => {
    const [finance, seller] = [crm.user('finance'), crm.user('seller')];
    const [mine, old, lost] = [await crm.deal(seller), await crm.deal(lead), await crm.deal(lead)];
    const plan = async (deal: DealView, planned_amount: string, currency = 'RUB') =>
      addPayment(finance, deal, { planned_amount, currency });
    await plan(mine, '999999999999.99');
    await plan(mine, '0.02');
    await plan(mine, '10.00', 'USD');
    await plan(old, '5.50');
    await plan(old, '1.00', 'EUR');
    await plan(lost, '7.00');
    const paid = await plan(lost, '3.00');
    // Planned amounts do not depend on received ones.
    await addLine(finance, paid, 'incomes', { amount: '100.00' });
    const [cancelled, deleted] = [await plan(mine, '50.00'), await plan(mine, '60.00', 'CNY')];
    expect(await finance.post(`${pathOf(cancelled)}/cancel`)).toMatchObject({ status: 200 });
    expect(await finance.delete(pathOf(deleted))).toMatchObject({ status: 204 });
    await move(lost.id, 'closedLost');
    const values = async (query = '', by: TestUser = lead) =>
      (await metrics(query, by)).map(({ total_value }) => total_value);
    const rub = (amount: string) => ({ currency: 'RUB', amount });
    const [eur, usd] = [
      { currency: 'EUR', amount: '1.00' },
      { currency: 'USD', amount: '10.00' },
    ];
    const all = [[eur, rub('1000000000005.51'), usd], [], [], [], [rub('10.00')]];
    expect(await values()).toEqual(all);
    // A former code counts as its present stage.
    await crm.database.rows(`UPDATE crm.deals SET status = 'draft' WHERE id = $1`, [old.id]);
    expect(await values()).toEqual(all);
    expect(await values('', finance)).toEqual(all);
    expect(await values('', seller)).toEqual([[rub('1000000000000.01'), usd], [], [], [], []]);
    expect(await values(`client_id=${old.client_id}`)).toEqual([[eur, rub('5.50')], [], [], [], []]);
    expect(await values('stage=closedLost')).toEqual([[], [], [], [], [rub('10.00')]]);
    expect(await values(`manager=${seller.id}&stage=closedLost`)).toEqual([[], [], [], [], []]);
  });

  it('of a seller contains her own deals, and an executor is refused', async () => {
    const seller = crm.user('seller');
    await crm.deal(seller);
    await crm.deal(lead);
    expect((await metrics('', seller)).map(({ count }) => count)).toEqual([1, 0, 0, 0, 0]);
    expect((await metrics('', crm.user('finance'))).map(({ count }) => count)).toEqual([2, 0, 0, 0, 0]);
    const executor = crm.user('executor');
    await crm.deal(lead, { executor_id: executor.id });
    expect(await executor.get('/deals/stage-metrics')).toMatchObject({ status: 403, code: 'forbidden' });
    const both = crm.user('seller', 'executor');
    expect((await metrics('', both)).map(({ count }) => count)).toEqual([0, 0, 0, 0, 0]);
  });

  it('accepts neither limit nor cursor', async () => {
    for (const query of ['limit=5', 'cursor=x', 'include_total=true', 'foo=bar', 'stage=won']) {
      expect(await lead.get(`/deals/stage-metrics?${query}`)).toMatchObject({ status: 422, code: 'validation_failed' });
    }
  });
});
