import type { DealView } from '#crm/deals/contracts';
import type { JournalEntryView } from '#crm/journals/contracts';
import { newId } from '#platform/kernel';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';

describe('the journal of a deal', () => {
  let crm: Crm;
  let seller: TestUser;
  let executor: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, executor] = [crm.user('seller'), crm.user('executor')];
  });
  afterAll(() => crm.stop());

  const write = (by: TestUser, { id }: DealView, body: unknown, more: object = {}): Promise<Answer<JournalEntryView>> =>
    by.post<JournalEntryView>(`/deals/${id}/journal`, { body, ...more });
  const list = async ({ id }: DealView, query = '') =>
    (await seller.get<Listed<JournalEntryView>>(`/deals/${id}/journal?${query}`)).body;
  const verdict = async ({ id }: DealView) => (await seller.get(`/deals/${id}/journal/verify`)).body;

  it('stores a note as sent, and publishes an event', async () => {
    const deal = await crm.deal(seller, { executor_id: executor.id });
    crm.clock.advanceDays(1);
    const body = '  Звонил: «франшиза 30%»\n\tперезвонить\u00a0завтра 😀 ';
    const answer = await write(executor, deal, body);
    expect(answer.status).toBe(201);
    const [opened] = await crm.journal(deal.id);
    expect(answer.body).toEqual({
      id: expect.any(String),
      deal_id: deal.id,
      seq: 2,
      kind: 'note',
      author_id: executor.id,
      body,
      data: {},
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      prev_hash: opened!.hash,
      created_at: crm.clock.now(),
    });
    expect((await list(deal)).items).toEqual([opened, answer.body]);
    const [, appended, ...rest] = await crm.events(`deals/${deal.id}`);
    expect(rest).toEqual([]);
    expect(appended).toMatchObject({
      stream_version: 2,
      journal_seq: 2,
      type: 'deal.journal.appended',
      actor_id: executor.id,
      audience: [seller.id, null, executor.id],
      data: {
        deal_id: deal.id,
        client_id: deal.client_id,
        entry_id: answer.body.id,
        entry: { body, author_id: executor.id },
      },
    });
  });

  it.each(['closedWon', 'closedLost'])('accepts notes of a deal at %s without changing the deal', async (stage) => {
    const deal = await crm.dealAt(seller, stage);
    expect(await write(seller, deal, 'Client thanked us')).toMatchObject({ status: 201, body: { seq: 3 } });
    expect((await seller.get(`/deals/${deal.id}`)).body).toEqual(deal);
  });

  it.each([
    ['', 'too_short'],
    [' \n\t ', 'too_short'],
    ['x'.repeat(5_001), 'too_long'],
    ['nul\u0000', 'invalid_characters'],
    [7, 'not_a_string'],
    [null, 'null_not_allowed'],
    [undefined, 'required'],
  ])('refuses the note %j', async (body, code) => {
    const deal = await crm.deal(seller);
    const answer = await write(seller, deal, body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/body', code }] } });
    expect(await crm.journal(deal.id)).toHaveLength(1);
  });

  it('accepts a note of any 5,000 characters', async () => {
    const deal = await crm.deal(seller);
    expect(await write(seller, deal, '😀'.repeat(5_000))).toMatchObject({ status: 201 });
    expect(await verdict(deal)).toEqual({ valid: true, entries: 2, broken_at: null });
  });

  it('records the user of the token as author; an admin or a service may set another', async () => {
    const [lead, admin] = [crm.user('lead'), crm.user('admin')];
    const deal = await crm.deal(seller);
    expect(await write(seller, deal, 'mine', { author_id: seller.id })).toMatchObject({
      body: { author_id: seller.id },
    });
    expect(await write(seller, deal, 'MINE', { author_id: seller.id.toUpperCase() })).toMatchObject({ status: 201 });
    for (const user of [seller, lead]) {
      expect(await write(user, deal, 'not mine', { author_id: executor.id })).toMatchObject({
        status: 403,
        code: 'actor_mismatch',
      });
    }
    const reported = await write(admin, deal, 'reported', { author_id: executor.id });
    expect(reported).toMatchObject({ status: 201, body: { author_id: executor.id } });
    expect((await list(deal)).items.map(({ author_id }) => author_id)).toEqual([
      seller.id,
      seller.id,
      seller.id,
      executor.id,
    ]);
  });

  it('is listed in pages, oldest first, complete or by kind', async () => {
    const deal = await crm.deal(seller);
    for (let note = 1; note <= 5; note++) {
      await write(seller, deal, `note ${note}`);
      await seller.patch(`/deals/${deal.id}`, { title: `title ${note}` });
    }
    const all = await list(deal, 'include_total=true');
    expect(all.items.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(all).toMatchObject({ total: 11, next_cursor: null });
    const notes = await list(deal, 'kind=note&include_total=true&limit=2');
    expect(notes).toMatchObject({ total: 5, items: [{ body: 'note 1' }, { body: 'note 2' }] });
    const seen = [...notes.items];
    for (let cursor = notes.next_cursor; cursor !== null;) {
      const page = await list(deal, `kind=note&limit=2&cursor=${cursor}`);
      seen.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(seen.map(({ body }) => body)).toEqual(['note 1', 'note 2', 'note 3', 'note 4', 'note 5']);
    expect((await list(deal, 'kind=system')).items).toHaveLength(6);
    expect(await seller.get(`/deals/${deal.id}/journal?kind=secret`)).toMatchObject({ status: 422 });
  });

  it('accepts 200 concurrent notes, numbered without gap and chained in that order', async () => {
    const deal = await crm.deal(seller);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => write(seller, deal, `note ${index}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const entries = await crm.journal(deal.id);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 201 }, (_, index) => index + 1));
    expect(new Set(entries.map(({ body }) => body)).size).toBe(201);
    expect(entries.slice(1).every((entry, index) => entry.prev_hash === entries[index]!.hash)).toBe(true);
    expect(await verdict(deal)).toEqual({ valid: true, entries: 201, broken_at: null });
    const events = await crm.events(`deals/${deal.id}`);
    expect(events.map(({ journal_seq }) => journal_seq)).toEqual(entries.map(({ seq }) => seq));
  });

  it('contains a note once that is sent twice with one Idempotency-Key', async () => {
    const deal = await crm.deal(seller);
    const headers = { 'idempotency-key': newId() };
    const send = () => seller.post(`/deals/${deal.id}/journal`, { body: 'once' }, headers);
    const first = await send();
    expect(await send()).toMatchObject({ status: 201, body: first.body });
    expect(await crm.journal(deal.id)).toHaveLength(2);
  });
});
