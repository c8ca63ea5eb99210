import { ValidateBy } from 'class-validator';
import { Field, type FieldOptions, UuidField } from '#platform/http';
import { isTypePattern } from '#platform/messaging';

const MAX_PATTERNS_LENGTH = 1_000;
const SEPARATOR = ',';

/** Comma-separated topic patterns. */
export function PatternsField(options: FieldOptions): PropertyDecorator {
  return Field(
    { type: 'string', maxLength: MAX_PATTERNS_LENGTH, example: 'deal.payment.*' },
    options,
    ValidateBy(
      { name: 'isTypePatterns', validator: { validate: isTypePatterns } },
      {
        message: 'must be event types such as deal.payment.*, with * for one word',
        context: { code: 'not_a_type_pattern' },
        each: options.each,
      },
    ),
  );
}

/** Query parameters that select events. */
export class EventSelection {
  @UuidField({ each: true, maxItems: 200, optional: true, description: 'Only events of these deals.' })
  deal_id?: string[];

  @PatternsField({
    each: true,
    maxItems: 50,
    optional: true,
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

function isTypePatterns(value: unknown): boolean {
  return (
    typeof value === 'string' && value.length <= MAX_PATTERNS_LENGTH && value.split(SEPARATOR).every(isTypePattern)
  );
}

/** Collapses `#.#` to `#`: the meaning is the same, and each `#` multiplies the cost of matching. */
function withoutRepeatedHashes(pattern: string): string {
  return pattern.replace(/#(?:\.#)+/g, '#');
}
