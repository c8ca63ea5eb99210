import type { DateRange, ListColumns } from '#platform/kernel';
import { IsMoment } from '../validation/constraints.js';
import { DateField, Field, type FieldOptions } from '../validation/fields.js';

const INCLUDED = 'Included.';

/** When rows were made and last changed: query parameters of every list of rows that change. */
export class ChangeRanges {
  @MomentField()
  created_from?: string;

  @MomentField()
  created_to?: string;

  @MomentField({ description: 'The same as `updated_from`: what changed since then. Deletions are in the events.' })
  updated_since?: string;

  @MomentField()
  updated_from?: string;

  @MomentField()
  updated_to?: string;
}

/** A moment of a query: RFC 3339, or a day of the business, which as an upper limit is included as a whole. */
export function MomentField({ description = INCLUDED }: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', anyOf: [{ format: 'date-time' }, { format: 'date' }] },
    {
      optional: true,
      description: `${description} A moment, or a day of the business.`,
      example: '2026-11-23T09:30:00.000Z',
    },
    IsMoment(),
  );
}

/** A day of a query, as a limit that is included. */
export function DayField({ description = INCLUDED }: FieldOptions = {}): PropertyDecorator {
  return DateField({ optional: true, description });
}

/** The ranges that the parameters of a query name: `created_from` and `created_to` those of the column `created`. */
export function dateRanges(query: object, { ranges = {} }: ListColumns): readonly DateRange[] {
  const limits = query as Readonly<Record<string, string | undefined>>;
  const given: DateRange[] = [];
  for (const [name, column] of Object.entries(ranges)) {
    const { [`${name}_from`]: from, [`${name}_to`]: to, [`${name}_since`]: since } = limits;
    if (from !== undefined || to !== undefined) given.push({ ...column, from, to });
    if (since !== undefined) given.push({ ...column, from: since });
  }
  return given;
}
