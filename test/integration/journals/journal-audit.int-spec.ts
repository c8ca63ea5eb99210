import type { DealView } from '#crm/deals/contracts';
import type { JournalEntryView } from '#crm/journals/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';

describe('the journal of all deals', () => {
  let crm: Crm;
  let seller: TestUser;
  let lead: TestUser;
  let deals: readonly DealView[];
  let written: readonly JournalEntryView[];

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, lead] = [crm.user('seller'), crm.user('lead')];
    deals = [await crm.deal(seller), await crm.deal(crm.user('seller'))];
    crm.clock.advanceDays(1);
    for (const { id } of deals) await lead.post(`/deals/${id}/journal`, { body: 'Звонил' });
    crm.clock.advanceDays(1);
    expect(await seller.delete(`/deals/${deals[0]!.id}`)).toMatchObject({ status: 204 });
    const journals = await Promise.all(deals.map(({ id }) => crm.journal(id)));
    written = journals.flat().sort((a, b) => compare(b.created_at, a.created_at) || compare(b.id, a.id));
  });
  afterAll(() => crm.stop());

  const found = async (query = ''): Promise<readonly JournalEntryView[]> => {
    const { status, body } = await lead.get<Listed<JournalEntryView>>(`/journal?include_total=true&${query}`);
    expect(status).toBe(200);
    expect(body.total).toBe(body.items.length);
    return body.items;
  };

  it('has every entry, those of a deleted deal too, the newest first', async () => {
    expect(written.length).toBeGreaterThanOrEqual(5);
    expect(await found()).toEqual(written);
    expect(await found('sort=created_at')).toEqual(written.toReversed());
  });

  it('is narrowed by author, kind, deal and day', async () => {
    expect(await found('kind=note')).toEqual(written.filter(({ kind }) => kind === 'note'));
    expect(await found(`author_id=${seller.id}`)).toEqual(written.filter(({ author_id }) => author_id === seller.id));
    expect(await found(`deal_id=${deals[1]!.id}`)).toEqual(written.filter(({ deal_id }) => deal_id === deals[1]!.id));
    expect(await found('created_from=2026-03-03&created_to=2026-03-03')).toEqual(
      written.filter(({ created_at }) => created_at.startsWith('2026-03-03')),
    );
  });
});

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
