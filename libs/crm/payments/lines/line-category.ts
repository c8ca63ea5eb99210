import { type Nature, NATURES } from '../contracts.js';

/** Other words for a nature, in lower case, as brokers write them. */
const SYNONYMS: Readonly<Record<string, Nature>> = {
  премия: 'premium',
  'страховая премия': 'premium',
  взнос: 'premium',
  комиссия: 'commission',
  'комиссионное вознаграждение': 'commission',
  'агентское вознаграждение': 'commission',
  скидка: 'discount',
  'скидка клиенту': 'discount',
  'client discount': 'discount',
  выплата: 'payout',
  'выплата коллеге': 'payout',
  сбор: 'fee',
  возврат: 'refund',
};

const KNOWN = new Map<string, Nature>([
  ...NATURES.map((nature) => [nature, nature] as const),
  ...Object.entries(SYNONYMS),
]);

/** Whose money it is that comes and goes under these natures: not the broker's. */
export const IN_TRANSIT: ReadonlySet<Nature> = new Set(['premium', 'refund']);

/** The nature that a category speaks of, in any case, `_` and `-` like spaces; unknown ones are `other`. */
export function natureOf(category: string): Nature {
  return (
    KNOWN.get(
      category
        .trim()
        .toLowerCase()
        .replace(/[\s_-]+/g, ' '),
    ) ?? 'other'
  );
}
