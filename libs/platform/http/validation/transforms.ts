import { Transform } from 'class-transformer';

/** Where a value comes from: a query has only text. Also the class-transformer group of transforms for that source. */
export type InputSource = 'body' | 'query';

const QUERY: { groups: InputSource[] } = { groups: ['query'] };
const INTEGER = /^-?\d{1,15}$/;

/** Changes a text, and each text of a list; a value of another type stays for the constraints to refuse. */
export function TransformText(change: (text: string) => string): PropertyDecorator {
  const changed = (value: unknown) => (typeof value === 'string' ? change(value) : value);
  return Transform(({ value }: { readonly value: unknown }) =>
    Array.isArray(value) ? value.map(changed) : changed(value),
  );
}

/** Removes white space at the ends of a text. */
export function Trim(): PropertyDecorator {
  return TransformText((text) => text.trim());
}

/** Converts `true` and `false` of a query to booleans. */
export function BooleanOfQuery(): PropertyDecorator {
  return Transform(
    ({ value }: { readonly value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value),
    QUERY,
  );
}

/** Converts digits of a query to a number. */
export function IntegerOfQuery(): PropertyDecorator {
  return Transform(
    ({ value }: { readonly value: unknown }) =>
      typeof value === 'string' && INTEGER.test(value) ? Number(value) : value,
    QUERY,
  );
}

/** Converts a parameter that a query has once to a list of one item. */
export function ListOfQuery(): PropertyDecorator {
  return Transform(({ value }: { readonly value: unknown }) => (typeof value === 'string' ? [value] : value), QUERY);
}
