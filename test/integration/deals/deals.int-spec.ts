import { isUuid } from '#platform/kernel';
import type { DealView } from '#crm/deals/contracts';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed, type LoggedRow } from '../../support/crm.js';

describe('a deal', () => {
  let crm: Crm;
  let seller: TestUser;
  let executor: TestUser;
  let lead: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, executor, lead] = [crm.user('seller'), crm.user('executor'), crm.user('lead')];
  });
  afterAll(() => crm.stop());

  /** Events of a deal from a version on. */
  const eventsFrom = async (version: number, { id }: DealView): Promise<LoggedRow[]> =>
    (await crm.events(`deals/${id}`)).filter((event) => event.stream_version >= version);
  const lastEntry = async ({ id }: DealView) => (await crm.journal(id)).at(-1)!;

  /** Checks that detail, list and row equal the response to the change. */
  async function expectSeenAs({ body: deal }: Answer<DealView>): Promise<void> {
    expect((await lead.get<DealView>(`/deals/${deal.id}`)).body).toEqual(deal);
    const { body } = await lead.get<Listed<DealView>>(`/deals?client_id=${deal.client_id}`);
    expect(body.items).toEqual([deal]);
    const { stage, ...columns } = deal;
    expect(stage).toEqual(expect.any(String));
    const [row] = await crm.database.rows('SELECT * FROM crm.deals WHERE id = $1', [deal.id]);
    expect(row).toEqual({ ...columns, deleted_at: null, deleted_by_id: null });
  }

  it('opened by a seller is owned by her, in the first stage', async () => {
    const client = await crm.client(seller);
    const answer = await seller.post<DealView>('/deals', {
      client_id: client.id,
      title: '  КАСКО, Toyota Camry ',
      description: 'с франшизой\n',
      next_review_at: '2026-02-01',
      executor_id: executor.id,
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_id: client.id,
      title: 'КАСКО, Toyota Camry',
      description: 'с франшизой\n',
      status: 'qualification',
      stage: 'qualification',
      owner_id: seller.id,
      executor_id: executor.id,
      next_review_at: '2026-02-01',
      closed_at: null,
      lost_reason: null,
      version: 1,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
      is_deleted: false,
    });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1/deals/${answer.body.id}` });
    await expectSeenAs(answer);
  });

  it('gets its first journal entry and event with the trace of the request when it is opened', async () => {
    const client = await crm.client(seller);
    const body = { client_id: client.id, title: 'ДМС', next_review_at: '2026-03-10', executor_id: executor.id };
    const { body: deal, headers } = await seller.post<DealView>('/deals', body);
    expect(await crm.journal(deal.id)).toEqual([
      {
        id: expect.any(String),
        deal_id: deal.id,
        seq: 1,
        kind: 'system',
        author_id: seller.id,
        body: 'Deal opened',
        data: { before: null, after: deal },
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        prev_hash: '0'.repeat(64),
        created_at: crm.clock.now(),
      },
    ]);
    expect(await crm.events(`deals/${deal.id}`)).toEqual([
      {
        id: expect.any(String),
        stream: `deals/${deal.id}`,
        stream_version: 1,
        journal_seq: 1,
        type: 'deal.created',
        time: crm.clock.now(),
        actor_id: seller.id,
        traceparent: headers.traceparent,
        deal_id: deal.id,
        client_id: client.id,
        audience: [seller.id, null, executor.id],
        data: { deal_id: deal.id, client_id: client.id, deal },
      },
    ]);
  });

  it('records changed fields with previous values', async () => {
    const deal = await crm.deal(seller, { executor_id: executor.id, description: 'старое' });
    crm.clock.advanceDays(1);
    const change = { title: 'КАСКО', description: 'новое', next_review_at: '2026-04-01' };
    const answer = await executor.patch<DealView>(`/deals/${deal.id}`, change);
    const after = { description: 'новое', next_review_at: '2026-04-01' };
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(answer.body).toEqual({ ...deal, ...after, version: 2, updated_at: crm.clock.now() });
    await expectSeenAs(answer);
    const before = { description: 'старое', next_review_at: '2026-03-10' };
    expect(await lastEntry(deal)).toMatchObject({
      seq: 2,
      author_id: executor.id,
      body: 'Deal changed: description, next_review_at',
      data: { before, after },
    });
    expect(await eventsFrom(2, deal)).toMatchObject([
      {
        type: 'deal.updated',
        actor_id: executor.id,
        audience: [seller.id, null, executor.id],
        data: { deal: answer.body, changed: Object.keys(before), previous: before },
      },
    ]);
  });

  it('records nothing when no value changes', async () => {
    const deal = await crm.deal(seller);
    crm.clock.advanceDays(1);
    for (const nothing of [{}, { title: deal.title }, { is_deleted: false }]) {
      expect(await seller.patch(`/deals/${deal.id}`, nothing)).toMatchObject({ status: 200, body: deal });
    }
    expect(await seller.patch(`/deals/${deal.id}/stage`, { stage: deal.stage })).toMatchObject({ body: deal });
    expect(await lead.patch(`/deals/${deal.id}/assignment`, { owner_id: deal.owner_id })).toMatchObject({ body: deal });
    expect(await crm.events(`deals/${deal.id}`)).toHaveLength(1);
    expect(await crm.journal(deal.id)).toHaveLength(1);
  });

  it('publishes an event for each stage and for the change', async () => {
    const deal = await crm.dealAt(seller, 'proposal');
    const answer = await seller.patch<DealView>(`/deals/${deal.id}/stage`, { stage: 'closedLost', reason: 'Too dear' });
    expect(answer.body).toEqual({
      ...deal,
      stage: 'closedLost',
      status: 'lost',
      lost_reason: 'Too dear',
      closed_at: crm.clock.now(),
      version: 3,
    });
    await expectSeenAs(answer);
    const previous = { status: 'proposal', stage: 'proposal', closed_at: null, lost_reason: null };
    expect(await lastEntry(deal)).toMatchObject({ seq: 3, data: { before: previous } });
    expect(await eventsFrom(4, deal)).toMatchObject([
      {
        stream_version: 4,
        journal_seq: 3,
        type: 'deal.stage_changed',
        data: { deal: answer.body, from: 'proposal', to: 'closedLost', reason: 'Too dear' },
      },
      { stream_version: 5, journal_seq: 3, type: 'deal.updated', data: { deal: answer.body, previous } },
    ]);
  });

  it('accepts only a new review date once it is closed', async () => {
    const deal = await crm.dealAt(seller, 'closedWon');
    const path = `/deals/${deal.id}`;
    const before = [await crm.events(`deals/${deal.id}`), await crm.journal(deal.id)];
    const refused = { status: 409, code: 'deal_closed' };
    expect(await seller.patch(path, { title: 'late' })).toMatchObject(refused);
    expect(await seller.patch(`${path}/stage`, { stage: 'qualification' })).toMatchObject(refused);
    expect(await lead.patch(`${path}/assignment`, { owner_id: lead.id })).toMatchObject(refused);
    expect(await seller.delete(path)).toMatchObject(refused);
    expect(await seller.patch(path, { is_deleted: true })).toMatchObject(refused);
    expect([await crm.events(`deals/${deal.id}`), await crm.journal(deal.id)]).toEqual(before);
    const review = await seller.patch<DealView>(path, { next_review_at: '2027-03-01' });
    expect(review.body).toEqual({ ...deal, next_review_at: '2027-03-01', version: 3 });
  });

  it('accepts a reason only when it is lost', async () => {
    const deal = await crm.deal(seller);
    const answer = await seller.patch(`/deals/${deal.id}/stage`, { stage: 'closedWon', reason: 'Cheap' });
    expect(answer).toMatchObject({ status: 400, code: 'reason_not_applicable' });
    expect(await crm.journal(deal.id)).toHaveLength(1);
  });

  it('publishes its assignment once to the users who lose it', async () => {
    const [newOwner, newExecutor] = [crm.user('seller'), crm.user('executor')];
    const deal = await crm.deal(seller, { executor_id: executor.id });
    const move = { owner_id: newOwner.id, executor_id: newExecutor.id };
    const answer = await lead.patch<DealView>(`/deals/${deal.id}/assignment`, move);
    expect(answer.body).toEqual({ ...deal, ...move, version: 2 });
    await expectSeenAs(answer);
    const [assigned, updated, ...rest] = await eventsFrom(2, deal);
    expect(rest).toEqual([]);
    expect(assigned).toMatchObject({
      type: 'deal.assigned',
      data: {
        deal: answer.body,
        owner: { before: seller.id, after: newOwner.id },
        executor: { before: executor.id, after: newExecutor.id },
      },
    });
    expect(assigned!.audience).toEqual([newOwner.id, seller.id, null, newExecutor.id, executor.id]);
    expect(updated).toMatchObject({ type: 'deal.updated', audience: [newOwner.id, null, newExecutor.id] });
    expect(updated!.data).toMatchObject({ previous: { owner_id: seller.id, executor_id: executor.id } });
    expect(await lastEntry(deal)).toMatchObject({ author_id: lead.id, data: { after: move } });
    expect(await seller.get(`/deals/${deal.id}`)).toMatchObject({ status: 404, code: 'deal_not_found' });
    expect(await newOwner.get(`/deals/${deal.id}`)).toMatchObject({ status: 200 });
  });

  it('retains its owner when only the executor changes; both can be removed', async () => {
    const deal = await crm.deal(seller);
    await lead.patch(`/deals/${deal.id}/assignment`, { executor_id: executor.id });
    const [assigned] = await eventsFrom(2, deal);
    expect(assigned!.data).toMatchObject({
      owner: { before: seller.id, after: seller.id },
      executor: { before: null, after: executor.id },
    });
    const unassigned = await lead.patch<DealView>(`/deals/${deal.id}/assignment`, {
      owner_id: null,
      executor_id: null,
    });
    expect(unassigned.body).toMatchObject({ owner_id: null, executor_id: null, version: 3 });
    expect((await crm.events(`deals/${deal.id}`)).at(-1)!.audience).toEqual([]);
  });

  it.each<[string, (path: string) => Promise<Answer<unknown>>, number]>([
    ['DELETE', (path) => seller.delete(path), 204],
    ['DELETE with an empty object', (path) => seller.send('DELETE', path, { body: {} }), 204],
    ['PATCH is_deleted', (path) => seller.patch(path, { is_deleted: true }), 200],
  ])('deleted by %s is not found any more, and its journal stays', async (_how, remove, status) => {
    const deal = await crm.deal(seller);
    crm.clock.advanceDays(1);
    expect(await remove(`/deals/${deal.id}`)).toMatchObject({ status });
    for (const user of [seller, lead]) {
      expect(await user.get(`/deals/${deal.id}`)).toMatchObject({ status: 404, code: 'deal_not_found' });
      expect(await user.get(`/deals?client_id=${deal.client_id}&include_total=true`)).toMatchObject({
        body: { items: [], next_cursor: null, total: 0 },
      });
      expect(await user.patch(`/deals/${deal.id}`, { title: 'x' })).toMatchObject({ status: 404 });
      expect(await user.delete(`/deals/${deal.id}`)).toMatchObject({ status: 404 });
    }
    const [row] = await crm.database.rows('SELECT * FROM crm.deals WHERE id = $1', [deal.id]);
    const now = crm.clock.now();
    expect(row).toMatchObject({ is_deleted: true, deleted_at: now, deleted_by_id: seller.id, version: 2 });
    expect(await crm.journal(deal.id)).toMatchObject([{ body: 'Deal opened' }, { body: 'Deal deleted', seq: 2 }]);
    const gone = { ...deal, is_deleted: true, version: 2, updated_at: now };
    expect(await eventsFrom(2, deal)).toMatchObject([
      { type: 'deal.deleted', data: { deal: gone, deleted_at: now, deleted_by_id: seller.id } },
      { type: 'deal.updated', data: { deal: gone, changed: ['is_deleted'], previous: { is_deleted: false } } },
    ]);
  });

  it('is opened for another owner, or without one, only by a lead', async () => {
    const client = await crm.client(lead, { owner_id: seller.id });
    const body = { client_id: client.id, title: 'ОСАГО', next_review_at: '2026-03-10' };
    const refused = await seller.post('/deals', { ...body, owner_id: lead.id });
    expect(refused).toMatchObject({ status: 403, code: 'owner_forbidden' });
    expect(await lead.post('/deals', { ...body, owner_id: seller.id })).toMatchObject({
      status: 201,
      body: { owner_id: seller.id },
    });
    expect(await lead.post('/deals', body)).toMatchObject({ status: 201, body: { owner_id: null } });
    const withoutOwner = await seller.post('/deals', { ...body, owner_id: null });
    expect(withoutOwner).toMatchObject({ status: 403, code: 'owner_forbidden' });
  });

  it('requires a client in the scope of its seller', async () => {
    const foreign = await crm.client(lead);
    const deleted = await crm.client(seller);
    await seller.delete(`/clients/${deleted.id}`);
    const before = await crm.rowCounts();
    for (const client_id of [foreign.id, deleted.id, seller.id]) {
      const answer = await seller.post('/deals', { client_id, title: 'x', next_review_at: '2026-03-10' });
      expect(answer).toMatchObject({ status: 404, code: 'client_not_found' });
    }
    expect(await crm.rowCounts()).toEqual(before);
  });

  it('has events with distinct UUIDs', async () => {
    const rows = await crm.database.rows<{ id: string }>('SELECT id FROM crm.event_log');
    expect(rows.every(({ id }) => isUuid(id))).toBe(true);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });
});
