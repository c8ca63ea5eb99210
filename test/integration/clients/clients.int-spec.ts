import type { ClientView } from '#crm/clients/contracts';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';

describe('a client', () => {
  let crm: Crm;
  let seller: TestUser;
  let lead: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, lead] = [crm.user('seller'), crm.user('lead')];
  });
  afterAll(() => crm.stop());

  const MARIA = {
    name: 'Иванова Мария Петровна',
    kind: 'person',
    email: 'Maria.Ivanova@Example.com',
    phone: '8 (912) 345-67-89',
    tax_id: '770708389324',
  };
  const eventsOf = ({ id }: ClientView) => crm.events(`clients/${id}`);

  it('added by a seller is owned by her, and stored as sent', async () => {
    const answer = await seller.post<ClientView>('/clients', { ...MARIA, name: `  ${MARIA.name} ` });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      ...MARIA,
      status: 'active',
      owner_id: seller.id,
      merged_into_id: null,
      version: 1,
      is_deleted: false,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
    });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1/clients/${answer.body.id}` });
    expect(await seller.get(`/clients/${answer.body.id}`)).toMatchObject({ body: answer.body });
    const list = await seller.get<Listed<ClientView>>('/clients');
    expect(list.body.items).toEqual([answer.body]);
  });

  it('publishes an event with its next version at each change and deletion', async () => {
    const client = await crm.client(seller, { email: 'a@example.com' });
    crm.clock.advanceDays(1);
    const path = `/clients/${client.id}`;
    const changed = await seller.patch<ClientView>(path, { status: 'inactive', email: null });
    const now = crm.clock.now();
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(changed.body).toEqual({ ...client, status: 'inactive', email: null, version: 2, updated_at: now });
    expect(await seller.get(path)).toMatchObject({ body: changed.body });
    expect(await seller.patch(path, { status: 'inactive' })).toMatchObject({ body: { version: 2 } });
    expect(await seller.delete(path, { 'if-match': '"1"' })).toMatchObject({ code: 'version_mismatch' });
    expect(await seller.delete(path)).toMatchObject({ status: 204 });
    expect(await seller.get(path)).toMatchObject({ status: 404, code: 'client_not_found' });
    const events = await eventsOf(client);
    expect(events).toMatchObject([
      { stream_version: 1, type: 'client.created', actor_id: seller.id, audience: [seller.id, null], deal_id: null },
      { stream_version: 2, type: 'client.updated', data: { changed: ['email', 'status'] } },
      { stream_version: 3, type: 'client.deleted', data: { deleted_at: now, deleted_by_id: seller.id } },
    ]);
    expect(events[1]!.data).toMatchObject({ client_id: client.id, previous: { status: 'active' } });
    const [row] = await crm.database.rows('SELECT * FROM crm.clients WHERE id = $1', [client.id]);
    expect(row).toMatchObject({ is_deleted: true, deleted_at: now, deleted_by_id: seller.id, version: 3 });
  });

  it('has no personal data in its events, only its id', async () => {
    const canaries = {
      name: 'Canary Канарейка',
      email: 'canary@example.org',
      phone: '+7 999 111-22-33',
      tax_id: '500100732259',
    };
    const client = await crm.client(seller, canaries);
    await crm.deal(seller, { client_id: client.id });
    await seller.patch(`/clients/${client.id}`, {
      name: 'Canary вторая',
      email: 'canary2@example.org',
      phone: '8 999 111 22 34',
    });
    await seller.patch(`/clients/${client.id}`, { tax_id: '7707083893' });
    const rows = await crm.database.rows<{ text: string }>(
      `SELECT data::text || (SELECT string_agg(j.data::text || j.body, ' ') FROM crm.journals j) AS text
       FROM crm.event_log WHERE client_id = $1`,
      [client.id],
    );
    expect(rows).toHaveLength(4);
    const texts = rows.map(({ text }) => text).join('\n');
    for (const word of ['Canary', 'анарейка', 'canary', '999', '111', '22-33', '500100732259', '7707083893']) {
      expect(texts.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '')).not.toContain(word);
    }
    expect((await eventsOf(client))[1]!.data).toMatchObject({ changed: ['name', 'email', 'phone'] });
  });

  it('publishes events to all sellers with a deal of it, and to its former owner', async () => {
    const [colleague, executor] = [crm.user('seller'), crm.user('executor')];
    const client = await crm.client(seller);
    await crm.deal(lead, { client_id: client.id, owner_id: colleague.id, executor_id: executor.id });
    await lead.patch(`/clients/${client.id}`, { owner_id: lead.id });
    const [, updated] = await eventsOf(client);
    expect(updated!.audience).toEqual([lead.id, seller.id, colleague.id, null, executor.id]);
  });

  it('gets another owner only by a lead', async () => {
    const client = await crm.client(seller);
    const path = `/clients/${client.id}`;
    expect(await seller.patch(path, { owner_id: lead.id })).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await seller.patch(path, { owner_id: seller.id, name: 'x' })).toMatchObject({ status: 200 });
    expect(await seller.post('/clients', { name: 'x', kind: 'person', owner_id: lead.id })).toMatchObject({
      status: 403,
      code: 'owner_forbidden',
    });
    expect(await lead.patch(path, { owner_id: null })).toMatchObject({ status: 200, body: { owner_id: null } });
    expect(await lead.post('/clients', { name: 'x', kind: 'person' })).toMatchObject({ body: { owner_id: null } });
  });

  it.each<[string, (path: string) => Promise<Answer<unknown>>]>([
    ['DELETE', (path) => seller.delete(path)],
    ['PATCH is_deleted', (path) => seller.patch(path, { is_deleted: true })],
  ])('with deals cannot be deleted (%s), without them it can', async (_how, remove) => {
    const client = await crm.client(seller);
    const deal = await crm.deal(seller, { client_id: client.id });
    const before = await crm.rowCounts();
    expect(await remove(`/clients/${client.id}`)).toMatchObject({ status: 409, code: 'client_has_deals' });
    expect(await crm.rowCounts()).toEqual(before);
    await seller.delete(`/deals/${deal.id}`);
    expect((await remove(`/clients/${client.id}`)).status).toBeLessThan(300);
    expect(await seller.get(`/clients/${client.id}`)).toMatchObject({ status: 404 });
  });

  it('cannot be deleted with a deal without an owner', async () => {
    const client = await crm.client(lead);
    await crm.deal(lead, { client_id: client.id });
    expect(await lead.delete(`/clients/${client.id}`)).toMatchObject({ status: 409, code: 'client_has_deals' });
  });
});

describe('the list of clients', () => {
  let crm: Crm;
  let lead: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    lead = crm.user('lead');
    const facts = [
      { name: 'Иванова Мария', email: 'Maria@Example.com', phone: '8 (912) 345-67-89', tax_id: '770708389324' },
      { name: 'ООО «Ромашка_50%»', kind: 'company', phone: '+44 20 7946 0958', status: 'prospect' },
      { name: 'Петров', email: 'petrov@example.com', owner_id: lead.id },
    ];
    for (const fact of facts) {
      crm.clock.advanceDays(1);
      await crm.client(lead, fact);
    }
  });
  afterAll(() => crm.stop());

  const found = async (query: string): Promise<string[]> => {
    const { status, body } = await lead.get<Listed<ClientView>>(`/clients?include_total=true&${query}`);
    expect({ status, total: body.total }).toEqual({ status: 200, total: body.items.length });
    return body.items.map(({ name }) => name);
  };

  it.each([
    ['мария', ['Иванова Мария']],
    ['ИВАНОВА', ['Иванова Мария']],
    ['maria@EXAMPLE', ['Иванова Мария']],
    ['example.com', ['Петров', 'Иванова Мария']],
    ['+7 912 345-67-89', ['Иванова Мария']],
    ['8 912 345 67 89', ['Иванова Мария']],
    ['9123456789', ['Иванова Мария']],
    ['(912) 345-67-89', ['Иванова Мария']],
    ['912 345', ['Иванова Мария']],
    ['345-67', ['Иванова Мария']],
    ['2079460958', ['ООО «Ромашка_50%»']],
    ['7946 0958', ['ООО «Ромашка_50%»']],
    ['770708389324', ['Иванова Мария']],
    ['_', ['ООО «Ромашка_50%»']],
    ['50%', ['ООО «Ромашка_50%»']],
    ['Ромашка%50', []],
    ['+7 999', []],
  ])('finds clients by %s, in any notation of a phone', async (words, names) => {
    expect(await found(`search=${encodeURIComponent(words)}`)).toEqual(names);
  });

  it('is sorted by newest first, and filtered by owner and status', async () => {
    expect(await found('')).toEqual(['Петров', 'ООО «Ромашка_50%»', 'Иванова Мария']);
    expect(await found(`owner_id=${lead.id}`)).toEqual(['Петров']);
    expect(await found('status=prospect')).toEqual(['ООО «Ромашка_50%»']);
    expect(await found(`status=prospect&ownerId=${lead.id}`)).toEqual([]);
  });

  it('contains each client once over all pages, also with equal timestamps', async () => {
    for (let index = 0; index < 7; index++) await crm.client(lead, { name: `same ${index}` });
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await lead.get<Listed<ClientView>>(`/clients?limit=3${cursor}`);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor);
    const rows = await crm.database.rows<{ id: string }>(
      'SELECT id FROM crm.clients ORDER BY created_at DESC, id DESC',
    );
    expect(seen).toEqual(rows.map(({ id }) => id));
  });
});
