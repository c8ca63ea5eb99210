import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf, ValidateNested, type ValidationArguments } from 'class-validator';
import {
  booleanKind,
  currencyKind,
  dateKind,
  emailKind,
  enumKind,
  type Fault,
  type FieldKind,
  integerKind,
  type IntegerRange,
  listKind,
  moneyKind,
  objectKind,
  phoneKind,
  textKind,
  type TextRange,
  uuidKind,
} from './field-kinds.js';
import { FIELD_CONSTRAINT, type FieldRule } from './field-rules.js';

export interface FieldOptions {
  /** The field may be absent. */
  readonly optional?: true;
  /** The field may be null. */
  readonly nullable?: true;
  /** What the field means, for the API's readers. */
  readonly description?: string;
  readonly example?: unknown;
}

const REQUIRED: Fault = { code: 'required', detail: 'must be given' };
const NULL_NOT_ALLOWED: Fault = { code: 'null_not_allowed', detail: 'must not be null' };

/** Text; of one line (trimmed) unless `multiline`. */
export function TextField(options: FieldOptions & TextRange): PropertyDecorator {
  return field(textKind(options), options);
}

export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return field(uuidKind(), options);
}

/** A {@link CalendarDate}. */
export function DateField(options: FieldOptions = {}): PropertyDecorator {
  return field(dateKind(), { example: '2026-11-23', ...options });
}

export function EnumField(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return field(enumKind(values), options);
}

/** A JSON boolean; in a query `true` or `false`. */
export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(booleanKind(), options);
}

export function IntegerField(options: FieldOptions & IntegerRange): PropertyDecorator {
  return field(integerKind(options), options);
}

/** An amount above zero as decimal text with up to two decimals; a JSON number is refused. */
export function MoneyField(options: FieldOptions = {}): PropertyDecorator {
  return field(moneyKind(), { example: '1250.00', ...options });
}

export function CurrencyField(options: FieldOptions = {}): PropertyDecorator {
  return field(currencyKind(), { example: 'RUB', ...options });
}

export function EmailField(options: FieldOptions = {}): PropertyDecorator {
  return field(emailKind(), { example: 'client@example.com', ...options });
}

export function PhoneField(options: FieldOptions = {}): PropertyDecorator {
  return field(phoneKind(), { example: '+7 912 345-67-89', ...options });
}

/** A value of a kind that a domain makes itself. */
export function KindField(kind: FieldKind, options: FieldOptions = {}): PropertyDecorator {
  return field(kind, options);
}

/**
 * Many values of one kind: a JSON array in a body, a repeatable parameter in a query.
 * @param each e.g. `uuidKind()`.
 */
export function ListField(each: FieldKind, options: FieldOptions & { readonly max?: number } = {}): PropertyDecorator {
  return field(listKind(each, options.max ?? 100), options);
}

/** An object whose fields `type` declares. */
export function ObjectField(type: () => Type<object>, options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    // Swagger takes a function of this name for one that gives the type later.
    ApiProperty({ ...described(options), type: () => type() } as ApiPropertyOptions),
    ...checked(objectKind(), options, type),
    ValidateNested(),
  );
}

/** Reads back what {@link field} wrote. */
export function faultOfMessage(message: string): Fault {
  return JSON.parse(message) as Fault;
}

function field(kind: FieldKind, options: FieldOptions): PropertyDecorator {
  // A list's own schema is given whole: the decorator would guess its items from the property's type.
  const api = { ...kind.schema, ...described(options) } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(api), ...checked(kind, options));
}

function described({ optional, nullable, description, example }: FieldOptions): ApiPropertyOptions {
  return {
    required: !optional,
    ...(nullable && { nullable }),
    ...(description !== undefined && { description }),
    ...(example !== undefined && { example }),
  };
}

function checked(kind: FieldKind, options: FieldOptions, nested?: () => Type<object>): PropertyDecorator[] {
  const { optional, nullable } = options;
  const isLeftOut = (value: unknown): boolean =>
    (value === undefined && optional === true) || (value === null && nullable === true);
  const faultOf = (value: unknown): Fault | null => {
    if (isLeftOut(value)) return null;
    if (value === undefined) return REQUIRED;
    return value === null ? NULL_NOT_ALLOWED : kind.fault(value);
  };
  const rule: FieldRule = { ready: kind.ready, faultOf, nested };
  return [
    ValidateIf((_dto, value) => !isLeftOut(value)),
    ValidateBy({
      name: FIELD_CONSTRAINT,
      constraints: [rule],
      validator: {
        validate: (value: unknown) => faultOf(value) === null,
        defaultMessage: (args?: ValidationArguments) => JSON.stringify(faultOf(args?.value)),
      },
    }),
  ];
}
