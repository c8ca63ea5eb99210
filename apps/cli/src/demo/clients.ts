import { AddClientCommand } from '#crm/clients';
import { type Act, callerOf, SELLERS } from './act.js';
import type { Dice } from './dice.js';
import {
  COMPANIES,
  feminine,
  FOREIGN_COMPANIES,
  FOREIGN_PEOPLE,
  MEN,
  PATRONYMIC_STEMS,
  slug,
  SURNAMES,
  WOMEN,
} from './names.js';
import type { Market } from './products.js';
import { companyTaxId, personTaxId } from './tax-id.js';
import { type DemoUser, demoUser } from './users.js';
import type { WorkingTime } from './working-time.js';

const RUSSIAN_PEOPLE = 100;
/** ИП: people in business by themselves, kept as companies. */
const SOLE_TRADERS = 20;
/** Every so many clients there is one that no seller has yet. */
const ONE_WITHOUT_OWNER_IN = 20;

type Facts = AddClientCommand['facts'];

/** A client to be, and its id as soon as it is one. */
export interface DemoClient {
  readonly facts: Facts;
  readonly market: Market;
  /** Null: nobody has it yet. */
  readonly seller: DemoUser | null;
  id?: string;
}

/** Everybody in the book, in an order that mixes people and companies. */
export function drawClients(dice: Dice): DemoClient[] {
  const names = dice.shuffled(SURNAMES.flatMap((surname) => [surname, surname, surname]));
  const people = names.slice(0, RUSSIAN_PEOPLE + SOLE_TRADERS).map((surname) => fullName(surname, dice));
  const traders = people.splice(RUSSIAN_PEOPLE).map((name) => `ИП ${name}`);
  const everybody = dice.shuffled([
    ...[...people, ...FOREIGN_PEOPLE].map((name) => ({ name, market: 'person' as const })),
    ...[...traders, ...COMPANIES].map((name) => ({ name, market: 'company' as const })),
    ...FOREIGN_COMPANIES.map((name) => ({ name, market: 'foreign' as const })),
  ]);
  return everybody.map(({ name, market }, index) => ({
    market,
    seller: index % ONE_WITHOUT_OWNER_IN === ONE_WITHOUT_OWNER_IN - 1 ? null : dice.pick(SELLERS),
    facts: { name, kind: market === 'person' ? 'person' : 'company', ...contacts(name, market, index, dice) },
  }));
}

/**
 * The client comes into the book: its seller adds it, or the lead one that nobody has yet.
 * @param workdaysAgo when.
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

/** The index makes them differ: two clients with one address are taken for the same client. */
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
