import { type FieldKind, ListField, TextField, uuidKind } from '#platform/http';
import { EventFilter } from './event-filter.js';

const PATTERN = /^(?:[a-z][a-z0-9_]*|\*|#)(?:\.(?:[a-z][a-z0-9_]*|\*|#)){0,7}$/;
const LONGEST_PATTERNS = 1_000;
const SEPARATOR = ',';

/** Topic patterns with commas between. */
function patternsKind(): FieldKind {
  const isRight = (value: unknown): boolean =>
    typeof value === 'string' &&
    value.length <= LONGEST_PATTERNS &&
    value.split(SEPARATOR).every((pattern) => PATTERN.test(pattern));
  return {
    fault: (value) =>
      isRight(value)
        ? null
        : { code: 'not_a_type_pattern', detail: 'must be event types such as deal.payment.*, with * for one word' },
    schema: { type: 'string', maxLength: LONGEST_PATTERNS, example: 'deal.payment.*' },
  };
}

/** What a stream may be asked for. */
export class StreamQuery {
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

  @TextField({
    max: 1_000,
    optional: true,
    description: 'Go on after this event, for clients that can’t send the header `Last-Event-ID`, which comes first.',
  })
  last_event_id?: string;

  @TextField({ max: 20_000, optional: true, description: 'The access token, for clients that can’t send headers.' })
  access_token?: string;
}

export function filterOf({ deal_id: dealIds = [], types = [] }: StreamQuery): EventFilter {
  const patterns = types.flatMap((type) => type.split(SEPARATOR)).map(withoutRepeatedHashes);
  return new EventFilter(new Set(dealIds), patterns);
}

/** `#.#` means no more than `#`, and each costs the matching a factor. */
function withoutRepeatedHashes(pattern: string): string {
  return pattern.replace(/#(?:\.#)+/g, '#');
}
