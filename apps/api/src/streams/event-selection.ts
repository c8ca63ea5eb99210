import { type FieldKind, ListField, uuidKind } from '#platform/http';
import { isTypePattern } from '#platform/messaging';

const LONGEST_PATTERNS = 1_000;
const SEPARATOR = ',';

/** Topic patterns with commas between. */
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

/** Which events are asked for. */
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

/** The patterns of a list, each of which may be several. */
export function patternsOf(types: readonly string[] = []): string[] {
  return types.flatMap((type) => type.split(SEPARATOR)).map(withoutRepeatedHashes);
}

/** `#.#` means no more than `#`, and each costs the matching a factor. */
function withoutRepeatedHashes(pattern: string): string {
  return pattern.replace(/#(?:\.#)+/g, '#');
}
