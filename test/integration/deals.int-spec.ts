import type { DealView } from '#crm/deals/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../crm.js';

describe('a deal', () => {
  let crm: Crm;
  let seller: TestUser;
  let lead: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    lead = crm.user('lead');
  });
  afterAll(() => crm.stop());

  it('opened by a seller is hers, at the beginning of the funnel', async () => {
    const client = await crm.client(seller);
    const answer = await seller.post<DealView>('/deals', {
      client_id: client.id,
      title: '  КАСКО, Toyota Camry ',
      description: 'с франшизой\n',
      next_review_at: '2026-02-01',
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
      executor_id: null,
      next_review_at: '2026-02-01',
      closed_at: null,
      lost_reason: null,
      version: 1,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
      is_deleted: false,
    });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1/deals/${answer.body.id}` });
    expect((await seller.get<DealView>(`/deals/${answer.body.id}`)).body).toEqual(answer.body);
    const { body } = await seller.get<Listed<DealView>>(`/deals?client_id=${client.id}`);
    expect(body.items).toEqual([answer.body]);
  });
});
