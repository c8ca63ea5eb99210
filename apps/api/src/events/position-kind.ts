import type { FieldKind } from '#platform/http';
import { isPosition } from '#platform/messaging';

const DETAIL = 'must be a position of the log, a whole number as text, such as "4711"';

/** A position in the log, as text because it may exceed 2^53; 0 is before the first event. */
export function positionKind(): FieldKind {
  return {
    fault: (value) =>
      typeof value === 'string' && isPosition(value) ? null : { code: 'not_a_position', detail: DETAIL },
    schema: { type: 'string', pattern: '^(0|[1-9][0-9]{0,17})$', example: '4711' },
  };
}
