import { applyDecorators, type Type as Class } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsEmail,
  IsIn,
  IsObject,
  IsString,
  IsUUID,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import {
  HasVisibleCharacter,
  IsCalendarDate,
  IsCurrency,
  IsMoney,
  IsOneLine,
  IsPhone,
  IsSafeInteger,
  MAX_PHONE_LENGTH,
  MaxCharacters,
  MinCharacters,
  MONEY,
} from './constraints.js';
import { BooleanOfQuery, IntegerOfQuery, ListOfQuery, TransformText, Trim } from './transforms.js';

/** Options of every field decorator. */
export interface FieldOptions {
  /** The field may be absent. */
  readonly optional?: true;
  /** The field may be null. */
  readonly nullable?: true;
  /** The field is a list of such values: a JSON array in a body, a repeatable parameter in a query. */
  readonly each?: true;
  /** Greatest number of items with `each`; 100 unless given. */
  readonly maxItems?: number;
  /** Meaning of the field for the readers of the OpenAPI document. */
  readonly description?: string;
  readonly example?: unknown;
}

export interface TextRange {
  /** Least length in characters (code points), not counting white space at the ends; 0 unless given. */
  readonly min?: number;
  /** Greatest length in characters (code points). */
  readonly max: number;
  /** Keeps the text as it is. Text of one line is trimmed and has no line breaks or tabs. */
  readonly multiline?: true;
}

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

const DEFAULT_MAX_ITEMS = 100;
const MAX_EMAIL_LENGTH = 254;

/**
 * A field of a DTO: its OpenAPI schema, whether it may be absent or null, and class-validator's decorators in the order
 * in which they are checked. The first constraint that fails is the error of the field.
 * @param schema of one value.
 */
export function Field(
  schema: ApiPropertyOptions,
  options: FieldOptions,
  ...decorators: PropertyDecorator[]
): PropertyDecorator {
  const { each, maxItems = DEFAULT_MAX_ITEMS } = options;
  const list = { type: 'array', items: schema, maxItems };
  return applyDecorators(
    // The schema of a list is given in full: swagger would derive its items from the type of the property.
    ApiProperty({ ...(each ? list : schema), ...describe(options) } as ApiPropertyOptions),
    ...presence(options),
    ...(each
      ? [
          ListOfQuery(),
          IsArray({ message: 'must be a list' }),
          ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} items` }),
        ]
      : []),
    ...decorators,
  );
}

/** Text; of one line (trimmed) unless `multiline`. With a minimum it has a visible character. */
export function TextField(options: FieldOptions & TextRange): PropertyDecorator {
  const { min = 0, max, multiline, each } = options;
  return Field(
    { type: 'string', minLength: min, maxLength: max },
    options,
    ...(multiline ? [] : [Trim()]),
    IsString({ message: 'must be text', each }),
    MaxCharacters(max, { each }),
    ...(multiline ? [] : [IsOneLine({ each })]),
    ...(min > 0 ? [MinCharacters(min, { each }), HasVisibleCharacter({ each })] : []),
  );
}

/** A UUID of any version, converted to lower case. */
export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', format: 'uuid' },
    options,
    TransformText((text) => text.toLowerCase()),
    IsUUID('loose', { message: 'must be a UUID', each: options.each }),
  );
}

/** A {@link CalendarDate}. */
export function DateField(options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', format: 'date' },
    { example: '2026-11-23', ...options },
    IsCalendarDate({ each: options.each }),
  );
}

/** One of the given words. */
export function EnumField(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', enum: [...values] },
    options,
    IsIn(values, { message: `must be one of ${values.join(', ')}`, each: options.each }),
  );
}

/** A JSON boolean; in a query `true` or `false`. */
export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return Field({ type: 'boolean' }, options, BooleanOfQuery(), IsBoolean({ message: 'must be true or false' }));
}

/** A whole number from `min` to `max`. */
export function IntegerField(options: FieldOptions & IntegerRange): PropertyDecorator {
  const { min, max } = options;
  const message = `must be from ${min} to ${max}`;
  return Field(
    { type: 'integer', minimum: min, maximum: max },
    options,
    IntegerOfQuery(),
    IsSafeInteger(),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** An amount above zero as decimal text with up to two decimals; a JSON number is refused. */
export function MoneyField(options: FieldOptions = {}): PropertyDecorator {
  return Field({ type: 'string', pattern: MONEY.source }, { example: '1250.00', ...options }, IsMoney());
}

/** An ISO 4217 code, converted to capitals. */
export function CurrencyField(options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', pattern: '^[A-Z]{3}$' },
    { example: 'RUB', ...options },
    TransformText((text) => text.trim().toUpperCase()),
    IsCurrency(),
  );
}

export function EmailField(options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', format: 'email', maxLength: MAX_EMAIL_LENGTH },
    { example: 'client@example.com', ...options },
    Trim(),
    // Refuses an address of more than 254 characters by itself.
    IsEmail({}, { message: 'must be an e-mail address' }),
  );
}

/** A telephone number of 5 to 15 digits in any usual notation, with or without an extension. */
export function PhoneField(options: FieldOptions = {}): PropertyDecorator {
  return Field(
    { type: 'string', maxLength: MAX_PHONE_LENGTH },
    { example: '+7 912 345-67-89', ...options },
    Trim(),
    IsPhone(),
  );
}

/** An object whose fields `type` declares. */
export function ObjectField(type: () => Class<object>, options: FieldOptions = {}): PropertyDecorator {
  return Field(
    // Swagger recognises a function of this name as one that returns the type.
    { type: () => type() },
    options,
    Type(type),
    IsObject({ message: 'must be an object' }),
    ValidateNested(),
  );
}

function describe({ optional, nullable, description, example }: FieldOptions): ApiPropertyOptions {
  return {
    required: !optional,
    ...(nullable && { nullable }),
    ...(description !== undefined && { description }),
    ...(example !== undefined && { example }),
  };
}

function presence({ optional, nullable }: FieldOptions): PropertyDecorator[] {
  return [
    ValidateIf((_dto, value) => !(optional && value === undefined) && !(nullable && value === null)),
    IsDefined({ message: ({ value }) => (value === null ? 'must not be null' : 'must be given') }),
  ];
}
