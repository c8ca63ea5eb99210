import type { ClientView } from '#crm/clients/contracts';
import type { Answer, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

const MARIA = {
  name: 'Иванова Мария',
  kind: 'person',
  email: 'maria@example.com',
  phone: '8 (912) 345-67-89',
  tax_id: '770708389324',
};
/** Data equal to those of an existing client. */
const BORIS = {
  name: 'Борис',
  kind: 'person',
  email: 'boris@example.com',
  phone: '+7 900 000-00-00',
  tax_id: '500100732259',
};

describe('a possible duplicate of a client', () => {
  let crm: Crm;
  let seller: TestUser;
  let maria: ClientView;

  beforeEach(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    maria = await crm.client(seller, MARIA);
  });
  afterEach(() => crm.stop());

  const add = (by: TestUser, facts: object): Promise<Answer<{ candidates: ClientView[] }>> =>
    by.post<{ candidates: ClientView[] }>('/clients', { ...BORIS, ...facts });

  it.each([
    ['e-mail', { email: 'MARIA@Example.com' }],
    ['phone', { phone: '+7 912 345 67 89' }],
    ['phone without prefix', { phone: '79123456789' }],
    ['phone without country code', { phone: '9123456789' }],
    ['tax id', { tax_id: '770708389324' }],
  ])('by %s is refused with the id of the existing client', async (_what, same) => {
    const before = await crm.rowCounts();
    const answer = await add(seller, same);
    expect(answer).toMatchObject({ status: 409, code: 'client_duplicate' });
    expect(answer.body.candidates).toEqual([maria]);
    expect(await crm.rowCounts()).toEqual(before);
  });

  it.each([
    ['another e-mail, phone and tax id', {}],
    ['the same name', { name: MARIA.name }],
    ['nothing to compare by', { email: null, phone: null, tax_id: null }],
    ['a phone of the same end', { phone: '345-67-89' }],
    ['another extension of its phone', { phone: '8 (912) 345-67-89 доб. 5' }],
  ])('that has %s is added', async (_what, facts) => {
    expect(await add(seller, facts)).toMatchObject({ status: 201 });
  });

  it('is added when the caller allows duplicates', async () => {
    const path = '/clients?allow_duplicate=true';
    expect(await seller.post(path, MARIA)).toMatchObject({ status: 201 });
    expect(await seller.post('/clients?allowDuplicate=true', MARIA)).toMatchObject({ status: 201 });
    expect(await seller.post('/clients?allow_duplicate=false', MARIA)).toMatchObject({ status: 409 });
    const { body } = await add(seller, { email: MARIA.email });
    expect(body.candidates).toHaveLength(3);
  });

  it.each(['GB 123 4567 89', 'gb123456789', 'ＧＢ-123.4567/89'])(
    'by the foreign tax id GB123456789, written %s, is refused, and the tax id is shown as stored',
    async (written) => {
      const known = await crm.client(seller, { tax_id: 'Gb 123/4567.89' });
      expect(known.tax_id).toBe('Gb 123/4567.89');
      const answer = await add(seller, { tax_id: written });
      expect(answer).toMatchObject({ status: 409, code: 'client_duplicate', body: { candidates: [known] } });
      const other = await crm.client(seller);
      expect(await seller.post(`/clients/${known.id}/merge`, { into_id: other.id })).toMatchObject({ status: 200 });
      const survivor = { id: other.id, tax_id: known.tax_id };
      expect(await add(seller, { tax_id: written })).toMatchObject({ status: 409, body: { candidates: [survivor] } });
    },
  );

  it('is no duplicate when its phone belongs to another country', async () => {
    await crm.client(seller, { phone: '+7 130 897-39-69' });
    expect(await add(seller, { phone: '+81 3 0897 3969' })).toMatchObject({ status: 201 });
    expect(await add(seller, { phone: '8 130 897 39 69', email: null, tax_id: null })).toMatchObject({ status: 409 });
  });

  it('is no duplicate by a phone without area code, which many subscribers share', async () => {
    await crm.client(seller, { phone: '345-67-89' });
    expect(await add(seller, { phone: '345-67-89' })).toMatchObject({ status: 201 });
  });

  it('is added once by concurrent requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        seller.post('/clients', { ...BORIS, email: index % 2 ? BORIS.email : null, name: `Борис ${index}` }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it('is found only among clients in the caller’s scope', async () => {
    const [colleague, lead] = [crm.user('seller'), crm.user('lead')];
    expect(await add(colleague, { email: MARIA.email })).toMatchObject({ status: 201 });
    const { body } = await add(lead, { phone: MARIA.phone, email: MARIA.email });
    expect(body.candidates.map(({ owner_id }) => owner_id).sort()).toEqual([seller.id, colleague.id].sort());
    await crm.deal(lead, { client_id: maria.id, owner_id: colleague.id });
    expect(await add(colleague, { tax_id: MARIA.tax_id })).toMatchObject({ status: 409 });
  });

  it('is no duplicate once the other client is deleted', async () => {
    await seller.delete(`/clients/${maria.id}`);
    expect(await seller.post('/clients', MARIA)).toMatchObject({ status: 201 });
  });

  it('is compared with the current values of the other client', async () => {
    await seller.patch(`/clients/${maria.id}`, { email: 'new@example.com', phone: '8 999 999 99 99' });
    expect(await add(seller, { email: 'New@example.com' })).toMatchObject({ status: 409 });
    expect(await add(seller, { phone: '+79999999999' })).toMatchObject({ status: 409 });
    expect(await add(seller, { email: MARIA.email, phone: MARIA.phone })).toMatchObject({ status: 201 });
  });
});
