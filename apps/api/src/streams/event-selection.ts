import { type FieldKind, ListField, uuidKind } from '#platform/http';
import { isTypePattern } from '#platform/messaging';

const LONGEST_PATTERNS = 1_000;
const SEPARATOR = ',';

/** Comma-separated topic patterns. */
export function patternsKind(): FieldKind {
  const isRight = (value: unknown): boolean =>
    typeof value === 'string' && value.length <= LONGEST_PATTERNS && value.split(SEPARATOR).every(isTypePattern);
  return {
    fault: (value) =>
      isRight(value)
        ? null
        : { code: 'not_a_type_pattern', detail: 'must be event types such as deal.payment.*, with * for one word' },
    schema: { type: 'string', maxLength: LONGEST_PATTERNS, example: 'deal.payment.*' },
  };
}

/** Query parameters that select events. */
export class EventSelection {
  @ListField(uuidKind(), { optional: true, max: 200, description: 'Only events of these deals.' })
  deal_id?: string[];

  @ListField(patternsKind(), {
    optional: true,
    max: 50,
    description:
      'Only events of these types, repeated or with commas between: `*` stands for exactly one word, `#` for any ' +
      'number of them. `deal.payment.*` takes `deal.payment.updated` but not `deal.payment.income.created`; ' +
      '`deal.payment.#` takes both.',
  })
  types?: string[];
}

/** Splits the values of a list, each of which may contain several patterns. */
export function patternsOf(types: readonly string[] = []): string[] {
  return types.flatMap((type) => type.split(SEPARATOR)).map(withoutRepeatedHashes);
}

/** Collapses `#.#` to `#`: the meaning is the same, and each `#` multiplies the cost of matching. */
function withoutRepeatedHashes(pattern: string): string {
  return pattern.replace(/#(?:\.#)+/g, '#');
}
