import { isEmail } from 'class-validator';
import { isUuid } from '#platform/kernel';
import { drawBook } from './book.js';
import { Dice } from './content/dice.js';
import { feminine, slug } from './content/names.js';
import { drawOffers } from './content/offers.js';
import { fill, PRODUCTS } from './content/products.js';
import { WorkingTime } from './content/working-time.js';

const time = (now: string): WorkingTime => new WorkingTime(now, 'Europe/Moscow');
const MONDAY = '2026-11-23T06:30:00.000Z';

describe('the plan of a demo book', () => {
  const drawn = ({ clients, deals, acts }: ReturnType<typeof drawBook>): object => ({
    clients,
    deals,
    times: acts.map(({ at }) => at),
  });

  it('is the same all day long', () => {
    expect(drawn(drawBook(time(MONDAY)))).toEqual(drawn(drawBook(time('2026-11-23T20:59:59.999Z'))));
  });

  it('moves with the day, with the same clients and deals', () => {
    const { clients, deals, acts } = drawBook(time('2027-02-01T06:30:00.000Z'));
    const monday = drawBook(time(MONDAY));
    expect({ clients, deals }).toEqual({ clients: monday.clients, deals: monday.deals });
    expect(acts.at(-1)!.at > '2027-01-25').toBe(true);
  });

  it('gives every client contacts that the API would take', () => {
    const { clients } = drawBook(time(MONDAY));
    for (const { facts } of clients) {
      if (facts.email) expect(isEmail(facts.email)).toBe(true);
      if (facts.email) expect(facts.email).toMatch(/@(example\.(com|net|org)|[a-z0-9-]+\.example)$/);
      if (facts.phone) expect(facts.phone).toMatch(/^(\+7 900 000-\d\d-\d\d|8 \(900\) 000\d{4})$/);
    }
  });

  it('draws ids that the API would take, never the same twice', () => {
    const dice = new Dice(7);
    const ids = Array.from({ length: 1_000 }, () => dice.uuid());
    expect(ids.filter((id) => !isUuid(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('draws offers that can be compared: each of another insurer, in one currency, with exact amounts', () => {
    const dice = new Dice(8);
    for (const market of ['person', 'company', 'foreign'] as const) {
      const offers = drawOffers(3, market, dice);
      expect(new Set(offers.map(({ insurer }) => insurer.name)).size).toBe(3);
      expect(new Set(offers.map(({ currency }) => currency)).size).toBe(1);
      for (const { premium, coverage } of offers) {
        expect(premium).toMatch(/^[1-9]\d*0\.00$/);
        expect(coverage).toMatch(/^[1-9]\d*000\.00$/);
        expect(coverage.length).toBeGreaterThan(premium.length);
      }
    }
  });

  it('knows a word for every gap of every text', () => {
    const dice = new Dice(5);
    const products = Object.values(PRODUCTS).flat();
    const texts = products.flatMap(({ titles, descriptions }) => [...titles, ...descriptions]);
    for (const text of texts.map((template) => fill(template, dice))) expect(text).not.toMatch(/[{}]|undefined/);
  });

  it('writes women and addresses as they are written', () => {
    expect(['Иванов', 'Покровский', 'Заречный', 'Лесной'].map(feminine)).toEqual([
      'Иванова',
      'Покровская',
      'Заречная',
      'Лесная',
    ]);
    expect(slug('ООО «Яхт-клуб Залив»')).toBe('ooo-yakht-klub-zaliv');
    expect(slug('Grünbach Anlagenbau GmbH')).toBe('grunbach-anlagenbau-gmbh');
  });
});
