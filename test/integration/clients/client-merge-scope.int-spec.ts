import { randomUUID } from 'node:crypto';
import type { ClientView, MovedByMerge } from '#crm/clients/contracts';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { activePolicy, addPolicy } from '../../support/sale.js';

interface MergeAnswer {
  readonly moved: MovedByMerge;
}

let crm: Crm;
let seller: TestUser;

beforeAll(async () => {
  crm = await Crm.start();
});
afterAll(() => crm.stop());
beforeEach(() => {
  seller = crm.user('seller');
});

const merge = (by: TestUser, from: { id: string }, into: { id: string }, more: object = {}) =>
  by.post<MergeAnswer>(`/clients/${from.id}/merge`, { into_id: into.id, ...more });
const linkDocument = async ({ id }: ClientView, documentId: string): Promise<void> => {
  const answer = await seller.post(`/clients/${id}/documents`, { document_id: documentId });
  expect(answer).toMatchObject({ status: 201 });
};

describe('merging a client that another seller works with too', () => {
  const refused = { status: 403, code: 'merge_out_of_scope' };
  let colleague: TestUser;

  beforeEach(() => {
    colleague = crm.user('seller');
  });

  /** A client of the colleague on which the seller has a deal too. */
  async function sharedClient(): Promise<ClientView> {
    const client = await crm.client(colleague);
    await crm.deal(crm.user('lead'), { client_id: client.id, owner_id: seller.id });
    return client;
  }

  it.each([
    ['a deal', (client: ClientView) => crm.deal(colleague, { client_id: client.id })],
    ['a closed deal', (client: ClientView) => crm.dealAt(colleague, 'closedWon', { client_id: client.id })],
    ['a policy without a deal', (client: ClientView) => activePolicy(colleague, { client_id: client.id })],
  ])('is refused with 403 merge_out_of_scope while the other one has %s', async (_what, add) => {
    const client = await sharedClient();
    await add(client);
    const own = await crm.client(seller);
    const rows = await crm.rowCounts();
    expect(await merge(seller, client, own)).toMatchObject(refused);
    expect(await crm.rowCounts()).toEqual(rows);
    expect((await colleague.get<ClientView>(`/clients/${client.id}`)).body).toEqual(client);
    expect(await merge(crm.user('lead'), client, own)).toMatchObject({ status: 200 });
  });

  it('counts only the visible rows in a dry run', async () => {
    const client = await sharedClient();
    const hidden = await crm.deal(colleague, { client_id: client.id });
    await addPolicy(colleague, { deal_id: hidden.id });
    await activePolicy(colleague, { client_id: client.id });
    const documentId = randomUUID();
    await linkDocument(client, documentId);
    const own = await crm.client(seller);
    const counted = async (by: TestUser) => (await merge(by, client, own, { dry_run: true })).body.moved;
    expect(await counted(seller)).toEqual({ deals: 1, policies: 0, documents: 1 });
    expect(await counted(crm.user('lead'))).toEqual({ deals: 2, policies: 2, documents: 1 });
  });

  it('moves everything when all deals and policies are in the scope of the caller', async () => {
    const client = await sharedClient();
    const own = await crm.client(seller);
    expect(await merge(seller, client, own)).toMatchObject({ status: 200, body: { moved: { deals: 1 } } });
  });

  it('is refused when a role shows the other deals but does not allow their change', async () => {
    const client = await sharedClient();
    await crm.deal(colleague, { client_id: client.id });
    const both = crm.user('seller', 'finance');
    await crm.deal(crm.user('lead'), { client_id: client.id, owner_id: both.id });
    const own = await crm.client(both);
    const dryRun = await merge(both, client, own, { dry_run: true });
    expect(dryRun.body.moved).toMatchObject({ deals: 3 });
    expect(await merge(both, client, own)).toMatchObject(refused);
  });

  it.each(['lead', 'admin'] as const)('is allowed to the role %s, in both directions', async (role) => {
    const [first, second] = [await sharedClient(), await sharedClient()];
    const own = await crm.client(seller);
    expect(await merge(crm.user(role), first, own)).toMatchObject({ status: 200 });
    expect(await merge(crm.user(role), own, second)).toMatchObject({ status: 200, body: { moved: { deals: 1 } } });
  });
});
