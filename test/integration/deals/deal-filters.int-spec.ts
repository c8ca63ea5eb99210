import type { DealView } from '#crm/deals/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';

describe('the filters of deals', () => {
  let crm: Crm;
  let lead: TestUser;
  let clientId: string;

  beforeAll(async () => {
    crm = await Crm.start();
    lead = crm.user('lead');
    clientId = (await crm.client(lead)).id;
  });
  beforeEach(() => crm.database.rows('UPDATE crm.deals SET is_deleted = true, deleted_at = now()'));
  afterAll(() => crm.stop());

  const open = (title: string, facts: object = {}) => crm.deal(lead, { client_id: clientId, title, ...facts });
  /** Sorted titles of the deals found by a query; checks the total too. */
  const found = async (query: string): Promise<string[]> => {
    const { status, body } = await lead.get<Listed<DealView>>(`/deals?include_total=true&${query}`);
    expect({ status, total: body.total }).toEqual({ status: 200, total: body.items.length });
    return body.items.map(({ title }) => title).sort();
  };

  it('find deals by stage, with former stage codes too', async () => {
    const codes = ['qualification', 'draft', 'in_progress', 'negotiation', 'proposal', 'won', 'closed_won', 'lost'];
    for (const status of [...codes, 'closed_lost']) {
      const { id } = await open(status);
      const closedAt = /won|lost/.test(status) ? crm.clock.now() : null;
      await crm.database.rows('UPDATE crm.deals SET status = $2, closed_at = $3 WHERE id = $1', [id, status, closedAt]);
    }
    expect(await found('stage=qualification')).toEqual(['draft', 'qualification']);
    expect(await found('stage=negotiation')).toEqual(['in_progress', 'negotiation']);
    expect(await found('stage=closedWon')).toEqual(['closed_won', 'won']);
    expect(await found('stage=closedLost&stage=proposal')).toEqual(['closed_lost', 'lost', 'proposal']);
    const { body } = await lead.get<Listed<DealView>>('/deals?stage[]=qualification&stage[]=closedLost');
    const canonical = new Set(body.items.map(({ stage, status }) => `${stage}: ${status}`));
    expect(canonical).toEqual(new Set(['qualification: qualification', 'closedLost: lost']));
  });

  it('treat a former stage code as its stage', async () => {
    const deal = await open('old');
    await crm.database.rows(`UPDATE crm.deals SET status = 'negotiation' WHERE id = $1`, [deal.id]);
    const path = `/deals/${deal.id}`;
    expect((await lead.get(path)).body).toMatchObject({ stage: 'negotiation', status: 'in_progress' });
    const same = await lead.patch(`${path}/stage`, { stage: 'negotiation' });
    expect(same.body).toMatchObject({ version: 1, status: 'in_progress' });
    const moved = await lead.patch(`${path}/stage`, { stage: 'proposal' });
    expect(moved.body).toMatchObject({ version: 2, status: 'proposal' });
    const events = await crm.events(`deals/${deal.id}`);
    expect(events.at(-1)!.data).toMatchObject({ previous: { status: 'in_progress', stage: 'negotiation' } });
    await crm.database.rows(`UPDATE crm.deals SET status = 'closed_won', closed_at = now() WHERE id = $1`, [deal.id]);
    expect(await lead.patch(path, { title: 'x' })).toMatchObject({ code: 'deal_closed' });
  });

  it('find deals by owner: one, several, none', async () => {
    const [anna, boris] = [newId(), newId()];
    await open('of Anna', { owner_id: anna });
    await open('of Boris', { owner_id: boris });
    await open('of none');
    expect(await found(`manager=${anna}`)).toEqual(['of Anna']);
    expect(await found(`manager=${anna.toUpperCase()}`)).toEqual(['of Anna']);
    expect(await found(`manager=${anna}&manager=${boris}`)).toEqual(['of Anna', 'of Boris']);
    expect(await found(`manager[]=${anna}&manager[]=${boris}`)).toEqual(['of Anna', 'of Boris']);
    expect(await found('manager=__NO_MANAGER__')).toEqual(['of none']);
    expect(await found(`manager[]=__NO_MANAGER__&manager[]=${boris}`)).toEqual(['of Boris', 'of none']);
    expect(await found(`manager=${newId()}`)).toEqual([]);
    expect(await lead.get('/deals?manager=unknown')).toMatchObject({ status: 422, code: 'validation_failed' });
  });

  it('find deals by executor and by client', async () => {
    const executor = newId();
    const other = await crm.client(lead);
    await open('carried out', { executor_id: executor });
    await open('of the other', { client_id: other.id });
    expect(await found(`executor_id=${executor}`)).toEqual(['carried out']);
    expect(await found(`executorId=${executor}`)).toEqual(['carried out']);
    expect(await found(`client_id=${other.id}`)).toEqual(['of the other']);
    expect(await found(`client_id=${other.id}&executor_id=${executor}`)).toEqual([]);
  });

  it('find deals by the time to their next review, with overdue ones', async () => {
    // 23:30 in Moscow on 2 March; the day changes half an hour later, in UTC it does not.
    crm.clock.set('2026-03-02T20:30:00.000Z');
    const days = [
      '2020-01-01',
      '2026-03-02',
      '2026-03-09',
      '2026-03-10',
      '2026-04-01',
      '2026-04-02',
      '2026-05-31',
      '2099-01-01',
    ];
    for (const day of days) await open(day, { next_review_at: day });
    expect(await found('period=7d')).toEqual(days.slice(0, 3));
    expect(await found('period=30d')).toEqual(days.slice(0, 5));
    expect(await found('period=90d')).toEqual(days.slice(0, 7));
    expect(await found('period=all')).toEqual(days);
    crm.clock.set('2026-03-02T21:00:00.000Z');
    expect(await found('period=7d')).toEqual(days.slice(0, 4));
    expect(await lead.get('/deals?period=1d')).toMatchObject({ status: 422 });
  });

  it.each([
    ['каско', ['КАСКО 50%']],
    ['КАСКО', ['КАСКО 50%']],
    ['аскО 5', ['КАСКО 50%']],
    ['50%', ['КАСКО 50%']],
    ['%', ['КАСКО 50%']],
    ['_', ['life_and_health']],
    ['life_and', ['life_and_health']],
    ['lifeXand', []],
    ['k_sko', []],
    ['\\', ['C:\\Policies']],
    ['policies', ['C:\\Policies']],
    ['франшиз', ['life_and_health']],
    ['ФРАНШИЗОЙ', ['life_and_health']],
    ['ёлка', ['Ёлка']],
    ["'; DROP", []],
    [' каско ', ['КАСКО 50%']],
    ['health с', []],
  ])('find deals by the literal words %s, in any case', async (words, titles) => {
    await open('КАСКО 50%', { description: null });
    await open('life_and_health', { description: 'с Франшизой\nи без' });
    await open('C:\\Policies');
    await open('Ёлка');
    expect(await found(`search=${encodeURIComponent(words)}`)).toEqual(titles);
  });

  it('are combined with AND; empty ones are ignored', async () => {
    const owner = newId();
    await open('КАСКО Анны', { owner_id: owner, next_review_at: '2026-03-05' });
    await open('КАСКО Анны потом', { owner_id: owner, next_review_at: '2027-03-05' });
    await open('ОСАГО Анны', { owner_id: owner, next_review_at: '2026-03-05' });
    await open('КАСКО чужое', { next_review_at: '2026-03-05' });
    const query = `manager=${owner}&period=7d&stage=qualification&search=${encodeURIComponent('каско')}`;
    expect(await found(query)).toEqual(['КАСКО Анны']);
    expect(await found('search=')).toHaveLength(4);
  });
});
