import { AddClientCommand } from '#crm/clients';
import { type Act, callerOf, SELLERS } from './act.js';
import type { Dice } from './content/dice.js';
import {
  COMPANIES,
  feminine,
  FOREIGN_COMPANIES,
  FOREIGN_PERSONS,
  MEN,
  PATRONYMIC_STEMS,
  slug,
  SURNAMES,
  WOMEN,
} from './content/names.js';
import type { Market } from './content/products.js';
import { companyTaxId, personTaxId } from './content/tax-id.js';
import { type DemoUser, demoUser } from './content/users.js';
import type { WorkingTime } from './content/working-time.js';

const RUSSIAN_PERSONS = 100;
/** ИП: sole traders, stored as companies. */
const SOLE_TRADERS = 20;
/** Every n-th client has no seller yet. */
const ONE_WITHOUT_OWNER_IN = 20;

type Facts = AddClientCommand['facts'];

/** A planned client, with its id once it exists. */
export interface DemoClient {
  readonly facts: Facts;
  readonly market: Market;
  /** Null: no seller yet. */
  readonly seller: DemoUser | null;
  id?: string;
}

/** All clients, persons and companies in mixed order. */
export function drawClients(dice: Dice): DemoClient[] {
  const names = dice.shuffled(SURNAMES.flatMap((surname) => [surname, surname, surname]));
  const persons = names.slice(0, RUSSIAN_PERSONS + SOLE_TRADERS).map((surname) => fullName(surname, dice));
  const traders = persons.splice(RUSSIAN_PERSONS).map((name) => `ИП ${name}`);
  const all = dice.shuffled([
    ...[...persons, ...FOREIGN_PERSONS].map((name) => ({ name, market: 'person' as const })),
    ...[...traders, ...COMPANIES].map((name) => ({ name, market: 'company' as const })),
    ...FOREIGN_COMPANIES.map((name) => ({ name, market: 'foreign' as const })),
  ]);
  return all.map(({ name, market }, index) => ({
    market,
    seller: index % ONE_WITHOUT_OWNER_IN === ONE_WITHOUT_OWNER_IN - 1 ? null : dice.pick(SELLERS),
    facts: { name, kind: market === 'person' ? 'person' : 'company', ...contacts(name, market, index, dice) },
  }));
}

/**
 * Adds the client: its seller does, or the lead for a client without a seller.
 * @param workdaysAgo time of the act.
 */
export function addClient(client: DemoClient, status: Facts['status'], workdaysAgo: number, time: WorkingTime): Act {
  const caller = callerOf(client.seller ?? demoUser('lead'));
  return {
    at: time.ago(workdaysAgo),
    command: () => new AddClientCommand(caller, { ...client.facts, status }, false),
    done: ({ id }) => (client.id = id),
  };
}

function fullName(surname: string, dice: Dice): string {
  const stem = dice.pick(PATRONYMIC_STEMS);
  return dice.chance(0.5)
    ? `${feminine(surname)} ${dice.pick(WOMEN)} ${stem}на`
    : `${surname} ${dice.pick(MEN)} ${stem}ич`;
}

/** Makes addresses distinct: two clients with one address count as the same client. */
function contacts(name: string, market: Market, index: number, dice: Dice): Pick<Facts, 'email' | 'phone' | 'taxId'> {
  const serial = String(1_000 + index * 7);
  const [first, second] = [serial.slice(0, 2), serial.slice(2)];
  const phone = dice.chance(0.8) ? `+7 900 000-${first}-${second}` : `8 (900) 000${first}${second}`;
  const email =
    market === 'person'
      ? `${slug(name.split(' ').slice(0, 2).join(' ')).replace('-', '.')}${index}@example.${dice.pick(['com', 'net', 'org'])}`
      : `office@${slug(name.replace(/^(ООО|АО|ИП) /, ''))}.example`;
  return {
    email: dice.chance(0.9) ? email : null,
    phone: dice.chance(0.95) ? phone : null,
    taxId: taxId(name, market, dice),
  };
}

function taxId(name: string, market: Market, dice: Dice): string | null {
  if (market === 'foreign') return null;
  if (name.startsWith('ИП ')) return personTaxId(dice);
  if (market === 'company') return companyTaxId(dice);
  return dice.chance(0.4) ? personTaxId(dice) : null;
}
