import { randomUUID } from 'node:crypto';
import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { DocumentLinkView } from '#crm/documents/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { TestUser } from '#platform/testing';
import { MergedClients1764000021200 } from '../../../migrations/1764000021200-merged-clients.js';
import { Crm, type Listed } from '../../support/crm.js';
import { addPolicy } from '../../support/sale.js';

const MARIA = { email: 'maria@example.com', phone: '8 (912) 345-67-89', tax_id: '770708389324' };
const OTHER = { email: 'other@example.com', phone: '+7 900 000-00-00', tax_id: '500100732259' };

let crm: Crm;
let seller: TestUser;

beforeAll(async () => {
  crm = await Crm.start();
});
afterAll(() => crm.stop());
beforeEach(() => {
  seller = crm.user('seller');
});

async function merge(from: { id: string }, into: { id: string }): Promise<ClientView> {
  const answer = await seller.post<{ client: ClientView }>(`/clients/${from.id}/merge`, { into_id: into.id });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.client;
}
const found = async (search: string): Promise<string[]> => {
  const { body } = await seller.get<Listed<ClientView>>(`/clients?search=${encodeURIComponent(search)}`);
  return body.items.map(({ id }) => id);
};

/** A merged client with a deal, and its survivor. */
async function mergedClient() {
  const [client, survivor] = [await crm.client(seller), await crm.client(seller)];
  const deal = await crm.deal(seller, { client_id: client.id });
  await merge(client, survivor);
  return { client, survivor, deal };
}

describe('the survivor of a merge', () => {
  it('takes over missing e-mail, phone and tax id, and no event contains them', async () => {
    const [client, survivor] = [await crm.client(seller, MARIA), await crm.client(seller)];
    const completed = await merge(client, survivor);
    expect(completed).toEqual({ ...survivor, ...MARIA, version: 2 });
    expect((await seller.get<ClientView>(`/clients/${survivor.id}`)).body).toEqual(completed);
    const events = await crm.events(`clients/${survivor.id}`);
    expect(events.map(({ type }) => type)).toEqual(['client.created', 'client.updated', 'client.merged']);
    expect(events[1]!.data).toMatchObject({ changed: ['email', 'phone', 'tax_id'], previous: {} });
    const again = await seller.post('/clients', { name: 'Мария', kind: 'person', phone: '+79123456789' });
    expect(again).toMatchObject({ status: 409, body: { candidates: [completed] } });
  });

  it('retains its own values; those of the merged client are in the journals of its deals, and in no event', async () => {
    const [client, survivor] = [await crm.client(seller, MARIA), await crm.client(seller, OTHER)];
    const deal = await crm.deal(seller, { client_id: client.id });
    expect(await merge(client, survivor)).toEqual(survivor);
    const entry = (await crm.journal(deal.id)).find(({ body }) => body === 'Deal changed: client_id');
    const { id, name, kind } = client;
    expect(entry!.data).toEqual({
      before: { client_id: client.id },
      after: { client_id: survivor.id },
      merged_client: { id, name, kind, ...MARIA },
    });
    const streams = [`clients/${client.id}`, `clients/${survivor.id}`, `deals/${deal.id}`];
    const events = (await Promise.all(streams.map((stream) => crm.events(stream)))).flat();
    for (const value of [...Object.values(MARIA), ...Object.values(OTHER), '9123456789', client.name]) {
      expect(JSON.stringify(events)).not.toContain(value);
    }
    expect((await seller.get(`/deals/${deal.id}/journal/verify`)).body).toMatchObject({ valid: true });
  });

  it('takes over only missing values', async () => {
    const [client, survivor] = [await crm.client(seller, MARIA), await crm.client(seller, { phone: OTHER.phone })];
    expect(await merge(client, survivor)).toMatchObject({ ...MARIA, phone: OTHER.phone });
  });

  it('is not changed by a dry run', async () => {
    const [client, survivor] = [await crm.client(seller, MARIA), await crm.client(seller)];
    await seller.post(`/clients/${client.id}/merge`, { into_id: survivor.id, dry_run: true });
    expect((await seller.get<ClientView>(`/clients/${survivor.id}`)).body).toEqual(survivor);
  });
});

describe('the keys of merged clients', () => {
  const keys = [
    ['e-mail', { email: 'MARIA@example.com' }, 'maria@example'],
    ['phone', { phone: '9123456789' }, '+7 912 345-67-89'],
    ['tax id', { tax_id: MARIA.tax_id }, MARIA.tax_id],
  ] as const;

  it.each(keys)('find the survivor by %s, through a chain of merges', async (_what, same, search) => {
    const chain = [await crm.client(seller, { ...MARIA, name: 'Девичья Мария' }), await crm.client(seller, OTHER)];
    const survivor = await crm.client(seller, {
      email: 'last@example.com',
      phone: '+7 901 000-00-00',
      tax_id: '7707083893',
    });
    await merge(chain[0]!, chain[1]!);
    await merge(chain[1]!, survivor);
    const answer = await seller.post('/clients', { name: 'Мария', kind: 'person', ...same });
    expect(answer).toMatchObject({ status: 409, code: 'client_duplicate', body: { candidates: [survivor] } });
    expect(await found(search)).toEqual([survivor.id]);
    expect(await found('девичья')).toEqual([survivor.id]);
    expect(await found(OTHER.email)).toEqual([survivor.id]);
    expect(await found('last@example.com')).toEqual([survivor.id]);
  });

  it('find nothing outside the scope of the caller, and nothing of a deleted survivor', async () => {
    const [client, survivor] = [await crm.client(seller, MARIA), await crm.client(seller, OTHER)];
    await merge(client, survivor);
    const colleague = crm.user('seller');
    const body = { name: 'Мария', kind: 'person', email: MARIA.email };
    expect(await colleague.post('/clients', body)).toMatchObject({ status: 201 });
    await seller.delete(`/clients/${survivor.id}`);
    expect(await found(MARIA.email)).toEqual([]);
    expect(await seller.post('/clients', body)).toMatchObject({ status: 201 });
  });
});

describe('the id of a merged client', () => {
  it('means the survivor in the filters of lists and metrics', async () => {
    const { client, survivor, deal } = await mergedClient();
    const policy = await addPolicy(seller, { client_id: survivor.id });
    await crm.deal(seller);
    const deals = (await seller.get<Listed<DealView>>(`/deals?include_total=true&client_id=${client.id}`)).body;
    expect([deals.total, deals.items.map(({ id }) => id)]).toEqual([1, [deal.id]]);
    const policies = (await seller.get<Listed<PolicyView>>(`/policies?client_id=${client.id}`)).body;
    expect(policies.items.map(({ id }) => id)).toEqual([policy.id]);
    const metrics = await seller.get<{ items: { count: number }[] }>(`/deals/stage-metrics?client_id=${client.id}`);
    expect(metrics.body.items.map(({ count }) => count)).toEqual([1, 0, 0, 0, 0]);
    const unknown = await seller.get<Listed<DealView>>(`/deals?client_id=${randomUUID()}`);
    expect(unknown.body.items).toEqual([]);
  });

  it.each<Record<string, string>>([{}, { 'idempotency-key': 'opened-once' }])(
    'means the survivor of a new deal, with headers %j',
    async (headers) => {
      const { client, survivor } = await mergedClient();
      const deal = { client_id: client.id, title: 'КАСКО', next_review_at: '2026-03-10' };
      const answer = await seller.post<DealView>('/deals', deal, headers);
      expect(answer).toMatchObject({ status: 201, body: { client_id: survivor.id } });
      expect((await crm.events(`deals/${answer.body.id}`))[0]).toMatchObject({ client_id: survivor.id });
    },
  );

  it('means the survivor of a new policy, alone and beside its deal', async () => {
    const { client, survivor, deal } = await mergedClient();
    expect(await addPolicy(seller, { client_id: client.id })).toMatchObject({ client_id: survivor.id });
    expect(await addPolicy(seller, { client_id: client.id, deal_id: deal.id })).toMatchObject({
      client_id: survivor.id,
      deal_id: deal.id,
    });
    const other = await crm.client(seller);
    const mixed = { client_id: other.id, deal_id: deal.id };
    expect(await seller.post('/policies', mixed)).toMatchObject({ code: 'client_mismatch' });
  });

  it('means the survivor of its documents', async () => {
    const { client, survivor } = await mergedClient();
    const documentId = randomUUID();
    const path = `/clients/${client.id}/documents`;
    expect(await seller.post(path, { document_id: documentId })).toMatchObject({
      status: 201,
      body: { owner_id: survivor.id },
    });
    for (const { id } of [client, survivor]) {
      const { body } = await seller.get<Listed<DocumentLinkView>>(`/clients/${id}/documents`);
      expect(body.items.map((link) => link.document_id)).toEqual([documentId]);
    }
    expect(await seller.delete(`${path}/${documentId}`)).toMatchObject({ status: 204 });
  });

  it('is refused in changes and deletions with the id of the survivor', async () => {
    const { client, survivor } = await mergedClient();
    const path = `/clients/${client.id}`;
    const answers = [
      await seller.patch(path, { name: 'Мария' }),
      await seller.patch(path, { name: 'Мария' }, { 'if-match': '"1"' }),
      await seller.patch(path, { is_deleted: true }),
      await crm.user('lead').delete(path),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 409, code: 'client_merged', body: { survivor_id: survivor.id } });
    }
    expect((await seller.get<ClientView>(path)).body).toEqual(survivor);
  });

  it('is unknown in changes and deletions when the survivor is deleted', async () => {
    const [client, survivor] = [await crm.client(seller), await crm.client(seller)];
    await merge(client, survivor);
    expect(await seller.delete(`/clients/${survivor.id}`)).toMatchObject({ status: 204 });
    const patched = await seller.patch(`/clients/${client.id}`, { name: 'Мария' });
    expect(patched).toMatchObject({ status: 404, code: 'client_not_found' });
    expect(await seller.delete(`/clients/${client.id}`)).toMatchObject({ status: 404, code: 'client_not_found' });
  });

  it('gives no access outside the scope of the caller', async () => {
    const { client } = await mergedClient();
    const colleague = crm.user('seller');
    const patched = await colleague.patch(`/clients/${client.id}`, { name: 'Мария' });
    expect(patched).toMatchObject({ status: 404, code: 'client_not_found' });
    expect(JSON.stringify(patched.body)).not.toContain('survivor');
    const deal = { client_id: client.id, title: 'КАСКО', next_review_at: '2026-03-10' };
    expect(await colleague.post('/deals', deal)).toMatchObject({ status: 404, code: 'client_not_found' });
    expect(await colleague.post('/policies', { client_id: client.id })).toMatchObject({ status: 404 });
    const { body } = await colleague.get<Listed<DealView>>(`/deals?client_id=${client.id}`);
    expect(body.items).toEqual([]);
  });

  it('of an earlier release resolves to the end of its chain, and a cycle to nothing', async () => {
    const [a, b, c, d, e] = await Promise.all(Array.from({ length: 5 }, () => crm.client(seller)));
    const chains = [
      [a, b],
      [b, c],
      [d, e],
      [e, d],
    ];
    for (const [from, into] of chains) {
      await crm.database.rows(
        `UPDATE crm.clients SET merged_into_id = $2, is_deleted = true, deleted_at = now() WHERE id = $1`,
        [from!.id, into!.id],
      );
    }
    await crm.database.undone(async (client) => {
      await client.query('DROP INDEX crm.clients_merged_into_idx, crm.clients_merged_email_key_idx');
      await client.query('DROP INDEX crm.clients_merged_phone_key_idx');
      await client.query('DROP INDEX crm.clients_merged_search_idx');
      await new MergedClients1764000021200().up({ query: (sql: string) => client.query(sql) } as never);
      const { rows } = await client.query<{ merged_into_id: string }>(
        'SELECT merged_into_id FROM crm.clients WHERE id = ANY ($1::uuid[]) ORDER BY id',
        [[a!.id, b!.id]],
      );
      expect(rows.map(({ merged_into_id }) => merged_into_id)).toEqual([c!.id, c!.id]);
    });
    expect(await seller.get(`/clients/${d!.id}`)).toMatchObject({ status: 404 });
    expect((await seller.get<ClientView>(`/clients/${b!.id}`)).body).toEqual(c);
  });
});
