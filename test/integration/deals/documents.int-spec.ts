import { randomUUID } from 'node:crypto';
import type { DealView } from '#crm/deals/contracts';
import type { DocumentLinkView } from '#crm/documents/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addPolicy } from '../../support/sale.js';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

let crm: Crm;
let seller: TestUser;
let executor: TestUser;
let deal: DealView;

beforeAll(async () => {
  crm = await Crm.start();
});
afterAll(() => crm.stop());
beforeEach(async () => {
  seller = crm.user('seller');
  executor = crm.user('executor');
  deal = await crm.deal(seller, { executor_id: executor.id });
});

const link = (by: TestUser, owner: string, documentId: string, more: object = {}) =>
  by.post<DocumentLinkView>(`${owner}/documents`, { document_id: documentId, ...more });
const linked = async (by: TestUser, owner: string): Promise<string[]> =>
  (await by.get<Listed<DocumentLinkView>>(`${owner}/documents`)).body.items.map(({ document_id }) => document_id);

describe('a document', () => {
  it('linked to a deal is recorded in its journal and events, and can be unlinked', async () => {
    const documentId = randomUUID();
    const answer = await link(executor, `/deals/${deal.id}`, documentId, { title: ' Заявление ' });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      owner_type: 'deal',
      owner_id: deal.id,
      document_id: documentId,
      title: 'Заявление',
      created_by_id: executor.id,
      created_at: crm.clock.now(),
    });
    const { body } = await seller.get<Listed<DocumentLinkView>>(`/deals/${deal.id}/documents?include_total=true`);
    expect(body).toEqual({ items: [answer.body], next_cursor: null, total: 1 });
    expect(await seller.delete(`/deals/${deal.id}/documents/${documentId}`)).toMatchObject({ status: 204 });
    expect(await linked(seller, `/deals/${deal.id}`)).toEqual([]);
    const events = (await crm.events(`deals/${deal.id}`)).slice(-2);
    const data = { deal_id: deal.id, client_id: deal.client_id, document_id: documentId, link: answer.body };
    expect(events).toMatchObject([
      { type: 'deal.document.linked', actor_id: executor.id, deal_id: deal.id, data },
      { type: 'deal.document.unlinked', actor_id: seller.id, deal_id: deal.id, data },
    ]);
    expect(events[0]!.audience).toEqual([seller.id, null, executor.id]);
    expect((await crm.journal(deal.id)).slice(-2)).toMatchObject([
      { body: 'Document linked', data: { document_id: documentId, before: null, after: answer.body } },
      { body: 'Document unlinked', data: { document_id: documentId, before: answer.body, after: null } },
    ]);
  });

  it('of a deal’s policy publishes on the stream of the deal; of a client or another policy on their own stream', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const loose = await addPolicy(seller, { client_id: deal.client_id });
    const owners = [`/policies/${policy.id}`, `/policies/${loose.id}`, `/clients/${deal.client_id}`];
    for (const owner of owners) {
      const documentId = randomUUID();
      expect(await link(seller, owner, documentId)).toMatchObject({ status: 201, body: { title: null } });
      expect(await linked(seller, owner)).toEqual([documentId]);
      expect(await seller.delete(`${owner}/documents/${documentId}`)).toMatchObject({ status: 204 });
    }
    const lastEvents = async (stream: string) => (await crm.events(stream)).slice(-2);
    const both = (what: string) => [{ type: `${what}.document.linked` }, { type: `${what}.document.unlinked` }];
    const ofDeal = await lastEvents(`deals/${deal.id}`);
    expect(ofDeal).toMatchObject(both('deal'));
    expect(ofDeal[0]!.data).toMatchObject({ deal_id: deal.id, policy_id: policy.id });
    const ofPolicy = await lastEvents(`policies/${loose.id}`);
    expect(ofPolicy).toMatchObject(both('policy'));
    expect(ofPolicy[0]).toMatchObject({
      client_id: deal.client_id,
      audience: [seller.id, null],
      data: { policy_id: loose.id },
    });
    const ofClient = await lastEvents(`clients/${deal.client_id}`);
    expect(ofClient).toMatchObject(both('client'));
    expect(ofClient[0]!.audience).toEqual([seller.id, null, executor.id]);
  });

  it('is linked once per owner, and to many owners', async () => {
    const documentId = randomUUID();
    const owners = [`/deals/${deal.id}`, `/clients/${deal.client_id}`];
    for (const owner of owners) expect(await link(seller, owner, documentId)).toMatchObject({ status: 201 });
    const rows = await crm.rowCounts();
    for (const owner of owners) {
      expect(await link(seller, owner, documentId)).toMatchObject({ status: 409, code: 'document_already_linked' });
    }
    expect(await crm.rowCounts()).toEqual(rows);
    expect(await seller.delete(`${owners[0]}/documents/${documentId}`)).toMatchObject({ status: 204 });
    expect(await seller.delete(`${owners[0]}/documents/${documentId}`)).toMatchObject({
      status: 404,
      code: 'document_not_linked',
    });
    expect(await linked(seller, owners[1]!)).toEqual([documentId]);
  });

  it('linked by 20 concurrent requests is linked once', async () => {
    const documentId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => link(seller, `/deals/${deal.id}`, documentId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    const events = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => type === 'deal.document.linked');
    expect(events).toHaveLength(1);
  });

  it('repeated with its idempotency key gets the same response', async () => {
    const body = { document_id: randomUUID() };
    const send = () => seller.post(`/deals/${deal.id}/documents`, body, { 'idempotency-key': body.document_id });
    const first = await send();
    expect(await send()).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
  });

  it('may be added to a closed deal', async () => {
    await seller.patch(`/deals/${deal.id}/stage`, { stage: 'closedLost' });
    expect(await link(executor, `/deals/${deal.id}`, randomUUID())).toMatchObject({ status: 201 });
  });

  it('is listed in pages, sorted by the oldest link first', async () => {
    const documents = Array.from({ length: 3 }, () => randomUUID());
    for (const documentId of documents) await link(seller, `/deals/${deal.id}`, documentId);
    const first = await seller.get<Listed<DocumentLinkView>>(`/deals/${deal.id}/documents?limit=2`);
    const { next_cursor } = first.body;
    const rest = await seller.get<Listed<DocumentLinkView>>(`/deals/${deal.id}/documents?cursor=${next_cursor}`);
    const seen = [...first.body.items, ...rest.body.items].map(({ document_id }) => document_id);
    expect(seen).toEqual(documents);
    expect(rest.body.next_cursor).toBeNull();
  });
});

describe('the access to documents', () => {
  it('is that to the linked deal, client or policy', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const documentId = randomUUID();
    const stranger = crm.user('seller', 'executor');
    const owners = { deal: deal.id, policy: policy.id, client: deal.client_id };
    const rows = await crm.rowCounts();
    for (const [kind, id] of Object.entries(owners)) {
      const owner = `/${kind === 'policy' ? 'policies' : `${kind}s`}/${id}`;
      const missing = { status: 404, code: `${kind}_not_found` };
      expect(await stranger.get(`${owner}/documents`)).toMatchObject(missing);
      expect(await link(stranger, owner, documentId)).toMatchObject(missing);
      expect(await stranger.delete(`${owner}/documents/${documentId}`)).toMatchObject(missing);
      expect(await crm.user('finance').get(`${owner}/documents`)).toMatchObject({ status: 200 });
      expect(await link(crm.user('finance'), owner, documentId)).toMatchObject({ status: 403, code: 'forbidden' });
      expect(await link(crm.user('service'), owner, documentId)).toMatchObject({ status: 403, code: 'forbidden' });
    }
    expect(await crm.rowCounts()).toEqual(rows);
    for (const by of [executor, seller, crm.user('lead'), crm.user('admin')]) {
      expect(await link(by, `/clients/${deal.client_id}`, randomUUID())).toMatchObject({ status: 201 });
    }
  });
});

describe('bad input', () => {
  it.each([
    ['no document', {}, 'required'],
    ['an id that is none', { document_id: '1' }, 'not_a_uuid'],
    ['a title of 10,000 characters', { document_id: UNKNOWN, title: 'x'.repeat(10_000) }, 'too_long'],
    ['another field', { document_id: UNKNOWN, size: 1 }, 'unknown_field'],
    ['NUL', { document_id: UNKNOWN, title: 'a\u0000b' }, 'invalid_characters'],
  ])('%s is refused and changes nothing', async (_name, body, code) => {
    const rows = await crm.rowCounts();
    const answer = await seller.post<{ errors: { code: string }[] }>(`/deals/${deal.id}/documents`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors[0]!.code).toBe(code);
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('an unknown or deleted owner is answered 404', async () => {
    for (const [owner, code] of [
      [`/deals/${UNKNOWN}`, 'deal_not_found'],
      [`/policies/${UNKNOWN}`, 'policy_not_found'],
      [`/clients/${UNKNOWN}`, 'client_not_found'],
    ] as const) {
      expect(await link(crm.user('admin'), owner, UNKNOWN)).toMatchObject({ status: 404, code });
    }
    await seller.delete(`/deals/${deal.id}`);
    expect(await link(seller, `/deals/${deal.id}`, UNKNOWN)).toMatchObject({ status: 404, code: 'deal_not_found' });
  });
});
