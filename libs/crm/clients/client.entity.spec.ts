import { DomainError } from '#platform/kernel';
import { Client, type ClientFacts, type ClientRules } from './client.entity.js';
import { ClientAdded, ClientDeleted, ClientMerged, ClientRevised } from './client.events.js';
import type { ClientView } from './contracts.js';

const ADDED = '2026-03-02T06:00:00.000Z';
const LATER = '2026-03-05T09:30:00.000Z';
const ID = 'c0000000-0000-7000-8000-000000000001';
const SELLER = 'a0000000-0000-7000-8000-000000000001';
const LEAD = 'a0000000-0000-7000-8000-000000000003';

const RULES: ClientRules = { phoneRegion: 'RU', taxIdCountry: 'RU' };

const FACTS: ClientFacts = {
  name: 'Иванова Мария',
  kind: 'person',
  email: 'Maria@Example.com',
  phone: '8 912 345-67-89',
  taxId: '770708389324',
  status: 'active',
  ownerId: SELLER,
};

/** As a repository leaves it once it is stored. */
function storedClient(facts: Partial<ClientFacts> = {}): Client {
  const client = Client.add(ID, { ...FACTS, ...facts }, RULES, SELLER, ADDED);
  client.uncommit();
  client.loadedVersion = client.currentVersion;
  return client;
}

function onlyEvent(client: Client): unknown {
  expect(client.getUncommittedEvents()).toHaveLength(1);
  return client.getUncommittedEvents()[0];
}

describe('a client', () => {
  it('is stored as given, and compared in normalised form', () => {
    const client = Client.add(ID, FACTS, RULES, SELLER, ADDED);
    expect(client.view).toEqual({
      id: ID,
      name: 'Иванова Мария',
      kind: 'person',
      email: 'Maria@Example.com',
      phone: '8 912 345-67-89',
      tax_id: '770708389324',
      status: 'active',
      owner_id: SELLER,
      merged_into_id: null,
      version: 1,
      is_deleted: false,
      created_at: ADDED,
      updated_at: ADDED,
    });
    expect(client.keys).toEqual({ email: 'maria@example.com', phone: '+79123456789', taxId: '770708389324' });
    expect(onlyEvent(client)).toEqual(new ClientAdded(client.view, SELLER));
  });

  it('about whom little is known is compared by nothing', () => {
    expect(storedClient({ email: null, phone: null, taxId: null }).keys).toEqual({
      email: null,
      phone: null,
      taxId: null,
    });
  });

  it.each<[Partial<ClientFacts>, Partial<ClientView>]>([
    [{ name: 'Петрова Мария' }, { name: 'Иванова Мария' }],
    [{ kind: 'company' }, { kind: 'person' }],
    [{ email: null }, { email: 'Maria@Example.com' }],
    [{ phone: '+7 900 000-00-00' }, { phone: '8 912 345-67-89' }],
    [{ taxId: '7707083893' }, { tax_id: '770708389324' }],
    [{ status: 'inactive' }, { status: 'active' }],
    [{ ownerId: null }, { owner_id: SELLER }],
    [
      { name: 'Петрова Мария', phone: '8 912 345-67-89', ownerId: LEAD },
      { name: 'Иванова Мария', owner_id: SELLER },
    ],
  ])('that is revised by %j records the previous values', (facts, previous) => {
    const client = storedClient();
    client.revise(facts, RULES, LEAD, LATER);
    expect(client.view).toMatchObject({ version: 2, updated_at: LATER, created_at: ADDED });
    expect(onlyEvent(client)).toEqual(new ClientRevised(client.view, LEAD, previous));
  });

  it('is compared by its new e-mail and phone once they change', () => {
    const client = storedClient();
    client.revise({ email: 'NEW@example.com', phone: '8 900 000 00 00' }, RULES, SELLER, LATER);
    expect(client.keys).toMatchObject({ email: 'new@example.com', phone: '+79000000000' });
    client.revise({ email: null, phone: null }, RULES, SELLER, LATER);
    expect(client.keys).toMatchObject({ email: null, phone: null });
  });

  it.each<Partial<ClientFacts>>([{}, { name: FACTS.name }, { email: undefined }, { ...FACTS }])(
    'revised by %j, which it says already, stays as it was',
    (facts) => {
      const client = storedClient();
      const before = client.view;
      client.revise(facts, RULES, LEAD, LATER);
      expect(client.view).toEqual(before);
      expect(client.getUncommittedEvents()).toEqual([]);
    },
  );

  it('is refused with a mistyped ИНН, and retains its present one', () => {
    const invalid = { taxId: '770708389325' };
    expect(() => storedClient(invalid)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    const client = storedClient();
    expect(() => client.revise(invalid, RULES, SELLER, LATER)).toThrow(DomainError);
    expect(client.view).toMatchObject({ tax_id: FACTS.taxId, version: 1 });
  });

  it('retains a tax id that was stored before the check, when other fields are revised', () => {
    const client = Client.add(ID, { ...FACTS, taxId: '7707083894' }, { ...RULES, taxIdCountry: 'none' }, SELLER, ADDED);
    client.revise({ taxId: '7707083894', name: 'Петрова Мария' }, RULES, SELLER, LATER);
    expect(client.view).toMatchObject({ tax_id: '7707083894', name: 'Петрова Мария' });
  });

  it('is deleted with the name of who did it', () => {
    const client = storedClient();
    client.delete(LEAD, LATER);
    expect(client.view).toMatchObject({ is_deleted: true, version: 2, updated_at: LATER });
    expect(onlyEvent(client)).toEqual(new ClientDeleted(client.view, LEAD, LATER));
  });
});

describe('a client that another one takes the place of', () => {
  it('is gone, and names the other one', () => {
    const client = storedClient();
    const before = client.view;
    const survivor = Client.add('c0000000-0000-7000-8000-000000000002', FACTS, RULES, SELLER, ADDED).view;
    const moved = { deals: 2, policies: 1, documents: 0 };
    client.mergeInto(survivor, moved, LEAD, LATER);
    expect(client.view).toEqual({
      ...before,
      merged_into_id: survivor.id,
      is_deleted: true,
      version: 2,
      updated_at: LATER,
    });
    expect(onlyEvent(client)).toEqual(new ClientMerged(client.view, LEAD, survivor, moved));
  });
});
