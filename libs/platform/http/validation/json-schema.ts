import type { Type } from '@nestjs/common';

/** A JSON Schema 2020-12, of the words that draft 07 has too. */
export interface JsonSchema {
  readonly [word: string]: unknown;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
}

/** Metadata key under which the decorators of `@nestjs/swagger`, ours too, store their options. */
const FIELD_NAMES = 'swagger/apiModelPropertiesArray';
const FIELD = 'swagger/apiModelProperties';

/** Options of a field's decorator that are no keywords of JSON Schema. */
interface DeclaredField {
  readonly [word: string]: unknown;
  readonly type?: unknown;
  readonly required?: boolean;
  readonly nullable?: boolean;
  readonly isArray?: boolean;
  readonly example?: unknown;
}

const OF_CONSTRUCTOR = new Map<unknown, string>([
  [String, 'string'],
  [Boolean, 'boolean'],
  [Number, 'number'],
]);

/**
 * The strict JSON Schema of a class whose fields are declared for OpenAPI: nothing but these, and each that is not
 * optional.
 * @throws Error when the class declares no field.
 */
export function jsonSchemaOf(type: Type<object>): JsonSchema {
  const prototype = type.prototype as object;
  const names = ((Reflect.getMetadata(FIELD_NAMES, prototype) ?? []) as string[]).map((name) => name.slice(1));
  if (names.length === 0) throw new Error(`${type.name} declares no field`);
  const fields = names.map((name) => [name, Reflect.getMetadata(FIELD, prototype, name) as DeclaredField] as const);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOfField(field)])),
    required: fields.filter(([, { required }]) => required !== false).map(([name]) => name),
    additionalProperties: false,
  };
}

function schemaOfField({ type, required, nullable, isArray, example, ...words }: DeclaredField): JsonSchema {
  const one: JsonSchema = { ...schemaOfType(type), ...words };
  const schema: JsonSchema = isArray ? { type: 'array', items: one } : one;
  const examples = example === undefined ? {} : { examples: [example] };
  return { ...(nullable ? orNull(schema) : schema), ...examples };
}

function schemaOfType(type: unknown): JsonSchema {
  if (typeof type === 'string') return { type };
  const simple = OF_CONSTRUCTOR.get(type);
  if (simple) return { type: simple };
  if (typeof type !== 'function') throw new Error(`no type is known for a field: ${String(type)}`);
  // What gives the class later is a function of this name.
  return jsonSchemaOf(type.name === 'type' ? (type as () => Type<object>)() : (type as Type<object>));
}

function orNull(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    type: [schema.type as string, 'null'],
    ...(schema.enum && { enum: [...schema.enum, null] }),
  };
}
