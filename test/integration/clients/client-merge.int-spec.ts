import { randomUUID } from 'node:crypto';
import type { ClientView, MovedByMerge } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { DocumentLinkView } from '#crm/documents/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { activePolicy, addPolicy } from '../../support/sale.js';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

interface MergeAnswer {
  readonly dry_run: boolean;
  readonly moved: MovedByMerge;
  readonly client: ClientView;
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
const documentsOf = async ({ id }: ClientView): Promise<string[]> =>
  (await seller.get<Listed<DocumentLinkView>>(`/clients/${id}/documents`)).body.items.map((link) => link.document_id);
const linkDocument = async ({ id }: ClientView, documentId: string): Promise<void> => {
  const answer = await seller.post(`/clients/${id}/documents`, { document_id: documentId });
  expect(answer).toMatchObject({ status: 201 });
};

/** A client with an open and a closed deal, a policy of the open deal and one without a deal. */
async function clientWithHistory() {
  const client = await crm.client(seller, { email: 'maria@example.com' });
  const open = await crm.deal(seller, { client_id: client.id });
  const won = await crm.dealAt(seller, 'closedWon', { client_id: client.id });
  const policy = await addPolicy(seller, { deal_id: open.id });
  const loose = await activePolicy(seller, { client_id: client.id });
  return { client, open, won, policy, loose };
}

describe('merging a client', () => {
  it('moves its deals, policies and documents, and its id returns the survivor', async () => {
    const { client, open, won, policy, loose } = await clientWithHistory();
    const survivor = await crm.client(seller);
    const [both, own] = [randomUUID(), randomUUID()];
    for (const id of [both, own]) await linkDocument(client, id);
    await linkDocument(survivor, both);
    const answer = await merge(seller, client, survivor);
    expect(answer).toMatchObject({ status: 200 });
    const completed = { ...survivor, email: 'maria@example.com', version: 2 };
    expect(answer.body).toEqual({ dry_run: false, moved: { deals: 2, policies: 2, documents: 1 }, client: completed });
    expect((await seller.get<ClientView>(`/clients/${client.id}`)).body).toEqual(completed);
    for (const { id } of [open, won]) {
      const { body } = await seller.get<DealView>(`/deals/${id}`);
      expect(body).toMatchObject({ client_id: survivor.id });
    }
    for (const { id } of [policy, loose]) {
      const { body } = await seller.get<PolicyView>(`/policies/${id}`);
      expect(body).toMatchObject({ client_id: survivor.id });
    }
    expect((await documentsOf(survivor)).sort()).toEqual([both, own].sort());
    const orphans = await crm.database.rows(
      `SELECT id FROM crm.deals WHERE client_id = $1 UNION ALL SELECT id FROM crm.policies WHERE client_id = $1
       UNION ALL SELECT id FROM crm.document_links WHERE owner_id = $1`,
      [client.id],
    );
    expect(orphans).toEqual([]);
    const { body: found } = await seller.get<Listed<ClientView>>('/clients');
    expect(found.items.map(({ id }) => id)).toEqual([survivor.id]);
  });

  it('publishes events of both clients, adds an entry to every journal, and reaches users in scope', async () => {
    const { client, open, won, loose } = await clientWithHistory();
    const other = crm.user('seller');
    const survivor = await crm.client(other);
    const lead = crm.user('lead');
    const documentId = randomUUID();
    await linkDocument(client, documentId);
    expect(await merge(lead, client, survivor)).toMatchObject({ status: 200 });
    const moved = { deals: 2, policies: 2, documents: 1 };
    const ids = { from_id: client.id, into_id: survivor.id, moved };
    const ofClient = await crm.events(`clients/${client.id}`);
    const ofSurvivor = await crm.events(`clients/${survivor.id}`);
    expect(ofClient.slice(-2).map(({ type }) => type)).toEqual(['client.document.unlinked', 'client.merged']);
    expect(ofSurvivor.slice(-2).map(({ type }) => type)).toEqual(['client.document.linked', 'client.merged']);
    expect(ofClient.at(-1)).toMatchObject({
      actor_id: lead.id,
      client_id: client.id,
      data: { ...ids, client_id: client.id, client: { merged_into_id: survivor.id, is_deleted: true } },
    });
    expect(ofSurvivor.at(-1)!.data).toMatchObject({ ...ids, client_id: survivor.id, client: { id: survivor.id } });
    expect(ofClient.at(-1)!.audience).toEqual([seller.id, other.id, null]);
    expect(JSON.stringify([...ofClient, ...ofSurvivor])).not.toContain('maria@example.com');
    const before = { client_id: client.id };
    for (const { id } of [open, won]) {
      const entry = (await crm.journal(id)).find(({ body }) => body === 'Deal changed: client_id');
      expect(entry).toMatchObject({ author_id: lead.id, data: { before, after: { client_id: survivor.id } } });
      expect((await crm.events(`deals/${id}`)).filter(({ type }) => type === 'deal.updated').at(-1)).toMatchObject({
        client_id: survivor.id,
        data: { client_id: survivor.id, changed: ['client_id'], previous: before },
      });
      const verified = await seller.get(`/deals/${id}/journal/verify`);
      expect(verified.body).toMatchObject({ valid: true });
    }
    const lastOf = async (stream: string, type: string) =>
      (await crm.events(stream)).filter((event) => event.type === type).at(-1);
    const change = { client_id: survivor.id, data: { changed: ['client_id'], previous: before } };
    expect(await lastOf(`deals/${open.id}`, 'deal.policy.updated')).toMatchObject(change);
    expect(await lastOf(`policies/${loose.id}`, 'policy.updated')).toMatchObject(change);
  });

  it('as a dry run returns the same counts and changes nothing', async () => {
    const { client } = await clientWithHistory();
    const survivor = await crm.client(seller);
    await linkDocument(client, randomUUID());
    const rows = await crm.rowCounts();
    const moved = { deals: 2, policies: 2, documents: 1 };
    const dryRun = await merge(seller, client, survivor, { dry_run: true });
    expect(dryRun.body).toEqual({ dry_run: true, moved, client: survivor });
    expect(await crm.rowCounts()).toEqual(rows);
    expect((await seller.get<ClientView>(`/clients/${client.id}`)).body).toEqual(client);
    expect((await merge(seller, client, survivor)).body.moved).toEqual(moved);
  });

  it('repeatedly resolves every old id to the last survivor', async () => {
    const [a, b, c] = [await crm.client(seller), await crm.client(seller), await crm.client(seller)];
    const deal = await crm.deal(seller, { client_id: a.id });
    expect(await merge(seller, a, b)).toMatchObject({ status: 200 });
    expect(await merge(seller, b, c)).toMatchObject({ status: 200, body: { moved: { deals: 1 } } });
    for (const { id } of [a, b, c]) expect((await seller.get<ClientView>(`/clients/${id}`)).body).toEqual(c);
    expect((await seller.get<DealView>(`/deals/${deal.id}`)).body.client_id).toBe(c.id);
  });

  it('is refused into itself and into a merged, deleted, unknown or foreign client', async () => {
    const [gone, merged, client, deleted] = [
      await crm.client(seller),
      await crm.client(seller),
      await crm.client(seller),
      await crm.client(seller),
    ];
    const foreign = await crm.client(crm.user('seller'));
    await merge(seller, merged, gone);
    await seller.delete(`/clients/${deleted.id}`);
    const rows = await crm.rowCounts();
    const forbidden = { status: 409, code: 'client_merge_forbidden' };
    const missing = { status: 404, code: 'client_not_found' };
    expect(await merge(seller, client, client)).toMatchObject(forbidden);
    expect(await merge(seller, client, merged)).toMatchObject(forbidden);
    expect(await merge(seller, merged, client)).toMatchObject(forbidden);
    for (const other of [deleted, foreign, { id: UNKNOWN }]) {
      expect(await merge(seller, client, other)).toMatchObject(missing);
      expect(await merge(seller, other, client)).toMatchObject(missing);
    }
    expect(await merge(crm.user('seller'), client, merged)).toMatchObject(missing);
    expect(await merge(crm.user('finance'), client, gone)).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await seller.post(`/clients/${client.id}/merge`, {})).toMatchObject({ status: 422 });
    expect(await seller.post(`/clients/${client.id}/merge`, { into_id: 'x' })).toMatchObject({ status: 422 });
    const stale = { 'if-match': '"7"' };
    expect(await seller.post(`/clients/${client.id}/merge`, { into_id: gone.id }, stale)).toMatchObject({
      status: 412,
    });
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('resolves the old id only for users with access to the survivor', async () => {
    const client = await crm.client(seller);
    const survivor = await crm.client(crm.user('seller'));
    await merge(crm.user('lead'), client, survivor);
    expect(await seller.get(`/clients/${client.id}`)).toMatchObject({ status: 404, code: 'client_not_found' });
    expect((await crm.user('finance').get<ClientView>(`/clients/${client.id}`)).body).toEqual(survivor);
  });

  it('allows no change of the merged client', async () => {
    const [client, survivor] = [await crm.client(seller), await crm.client(seller)];
    await merge(seller, client, survivor);
    const refused = { status: 409, code: 'client_merged', body: { survivor_id: survivor.id } };
    expect(await seller.patch(`/clients/${client.id}`, { name: 'Новое имя' })).toMatchObject(refused);
    expect(await seller.delete(`/clients/${client.id}`)).toMatchObject(refused);
  });
});

describe('concurrent merges', () => {
  it('move also deals, renewals and documents that are added meanwhile', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { client, open, policy, loose } = await clientWithHistory();
      const survivor = await crm.client(seller);
      const deal = { client_id: client.id, title: 'ОСАГО', next_review_at: '2026-03-10' };
      const answers = await Promise.all([
        ...Array.from({ length: 4 }, () => seller.post('/deals', deal)),
        seller.post(`/policies/${loose.id}/renew`, {}),
        seller.post('/policies', { client_id: client.id }),
        merge(seller, client, survivor),
        seller.post('/policies', { deal_id: open.id }),
        seller.patch(`/policies/${policy.id}`, { premium: '1.00' }),
        seller.patch(`/deals/${open.id}`, { title: 'Другая' }),
        seller.post(`/clients/${client.id}/documents`, { document_id: randomUUID() }),
        ...Array.from({ length: 4 }, () => seller.post('/deals', deal)),
      ]);
      expect(answers.filter(({ status }) => ![200, 201, 404, 409].includes(status))).toEqual([]);
      expect(answers[6]).toMatchObject({ status: 200 });
      const orphans = await crm.database.rows(
        `SELECT id FROM crm.deals WHERE client_id = $1 UNION ALL SELECT id FROM crm.policies WHERE client_id = $1
         UNION ALL SELECT id FROM crm.document_links WHERE owner_id = $1`,
        [client.id],
      );
      expect(orphans).toEqual([]);
      const mixed = await crm.database.rows(
        'SELECT p.id FROM crm.policies p JOIN crm.deals d ON d.id = p.deal_id WHERE d.client_id <> p.client_id',
      );
      expect(mixed).toEqual([]);
    }
  });

  it('of two clients into each other leave one client', async () => {
    const [a, b] = [await crm.client(seller), await crm.client(seller)];
    const answers = await Promise.all([
      merge(seller, a, b),
      merge(seller, b, a),
      merge(seller, a, b),
      merge(seller, b, a),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const seen = await Promise.all([a, b].map(({ id }) => seller.get<ClientView>(`/clients/${id}`)));
    expect(seen[0]!.body).toEqual(seen[1]!.body);
  });

  it('among three clients answer 200 or 409, and leave one client', async () => {
    for (let round = 0; round < 8; round += 1) {
      const clients = [await crm.client(seller), await crm.client(seller), await crm.client(seller)];
      for (const { id } of clients) await crm.deal(seller, { client_id: id });
      const pairs = clients.flatMap((from) =>
        clients.filter((into) => into !== from).map((into) => [from, into] as const),
      );
      const answers = await Promise.all(pairs.map(([from, into]) => merge(seller, from, into)));
      expect(answers.map(({ status, code }) => code ?? status).sort()).toEqual([
        ...[200, 200],
        ...Array<string>(4).fill('client_merge_forbidden'),
      ]);
      const seen = await Promise.all(clients.map(({ id }) => seller.get<ClientView>(`/clients/${id}`)));
      expect(new Set(seen.map(({ body }) => body.id)).size).toBe(1);
      const { body } = await seller.get<Listed<DealView>>(`/deals?client_id=${seen[0]!.body.id}`);
      expect(body.items).toHaveLength(3);
    }
  });
});
