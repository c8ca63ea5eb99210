import { ValidateBy } from 'class-validator';
import { Field, type FieldOptions } from '#platform/http';
import { isPosition } from '#platform/messaging';

/** A position in the event log, as text because it may exceed 2^53; 0 is before the first event. */
export function PositionField(options: FieldOptions): PropertyDecorator {
  return Field(
    { type: 'string', pattern: '^(0|[1-9][0-9]{0,17})$', example: '4711' },
    options,
    ValidateBy(
      { name: 'isPosition', validator: { validate: (value) => typeof value === 'string' && isPosition(value) } },
      {
        message: 'must be a position of the log, a whole number as text, such as "4711"',
        context: { code: 'not_a_position' },
      },
    ),
  );
}
