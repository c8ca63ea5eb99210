import type { Dice } from './dice.js';
import type { Market } from './products.js';

/** An invented insurer. */
interface Insurer {
  readonly name: string;
  /** Prefix of its policy numbers. */
  readonly series: string;
}

/** The premium and the cover of an offer; money is decimal text. */
export interface Offer {
  readonly insurer: Insurer;
  readonly program: string;
  readonly premium: string;
  readonly coverage: string;
  readonly currency: string;
}

const RUSSIAN: readonly Insurer[] = [
  { name: 'Янтарный якорь', series: 'ЯЯ' },
  { name: 'Тихая гавань', series: 'ТГН' },
  { name: 'Белый парус', series: 'БП' },
  { name: 'Семь ветров Страхование', series: 'СВ' },
  { name: 'Кедровый щит', series: 'КЩ' },
  { name: 'Лисья нора', series: 'ЛН' },
  { name: 'Ладья и компас', series: 'ЛК' },
];

const ENGLISH: readonly Insurer[] = [
  { name: 'Greyfinch Marine Underwriting', series: 'GFM' },
  { name: 'Tidewell Lantern Assurance', series: 'TLA' },
  { name: 'Oakmere & Thistle Insurance', series: 'OTI' },
  { name: 'Northern Cormorant Re', series: 'NCR' },
];

/** Ranges of the offers of a market. */
interface Terms {
  readonly insurers: readonly Insurer[];
  readonly programs: readonly string[];
  readonly currency: string;
  readonly premiums: readonly [least: number, most: number];
  /** Amounts are multiples of it. */
  readonly step: number;
}

const TERMS: Readonly<Record<Market, Terms>> = {
  person: {
    insurers: RUSSIAN,
    programs: ['Базовый', 'Стандарт', 'Оптимальный', 'Премиум', 'Всё включено'],
    currency: 'RUB',
    premiums: [6_000, 140_000],
    step: 100,
  },
  company: {
    insurers: RUSSIAN,
    programs: ['Стандарт', 'Бизнес', 'Бизнес+', 'Все риски', 'Все риски с франшизой'],
    currency: 'RUB',
    premiums: [40_000, 2_600_000],
    step: 500,
  },
  foreign: {
    insurers: ENGLISH,
    programs: ['Standard', 'Extended', 'All risks', 'All risks, higher deductible'],
    currency: 'EUR',
    premiums: [8_000, 180_000],
    step: 50,
  },
};

/** Offers of several insurers for the same risk, with different premiums and covers. */
export function drawOffers(count: number, market: Market, dice: Dice): Offer[] {
  const { insurers, programs, currency, premiums, step } = TERMS[market];
  const [least, most] = premiums;
  // Small risks are more frequent than large ones.
  const premium = least + dice.fraction() ** 2.5 * (most - least);
  const coverage = premium * dice.between(18, 60);
  const rounded = (drawn: number, to: number): string => `${Math.ceil(drawn / to) * to}.00`;
  return dice
    .shuffled(insurers)
    .slice(0, count)
    .map((insurer) => ({
      insurer,
      program: dice.pick(programs),
      premium: rounded(premium * dice.between(0.85, 1.2), step),
      coverage: rounded(coverage * dice.pick([1, 1, 1, 1.1, 1.25]), step * 100),
      currency,
    }));
}
