/** The forms of a field type: in TypeScript, SQL and decorators. */
export interface FieldType {
  readonly sql: string;
  /** Check constraint of a column name in SQL. */
  readonly check?: (name: string) => string;
  readonly mapping: string;
  readonly type: string;
  readonly decorator: string;
  /** Options of the decorator beside optional and nullable. */
  readonly range?: string;
  /** Two values, as code. */
  readonly examples: readonly [string, string];
}

export const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  text: {
    sql: 'varchar(255)',
    check: (name) => `char_length(${name}) >= 1`,
    mapping: "'varchar', { length: 255 }",
    type: 'string',
    decorator: 'TextField',
    range: 'min: 1, max: 255',
    examples: ["'one'", "'two'"],
  },
  date: {
    sql: 'date',
    mapping: "'date', {}",
    type: 'CalendarDate',
    decorator: 'DateField',
    examples: ["'2026-02-20'", "'2026-02-21'"],
  },
  integer: {
    sql: 'int',
    check: (name) => `${name} >= 0`,
    mapping: "'int', {}",
    type: 'number',
    decorator: 'IntegerField',
    range: 'min: 0, max: 2_147_483_647, example: 3',
    examples: ['0', '7'],
  },
  boolean: {
    sql: 'boolean',
    mapping: "'boolean', {}",
    type: 'boolean',
    decorator: 'BooleanField',
    examples: ['true', 'false'],
  },
  uuid: {
    sql: 'uuid',
    mapping: "'uuid', {}",
    type: 'string',
    decorator: 'UuidField',
    examples: ["'b0000000-0000-4000-8000-000000000001'", "'b0000000-0000-4000-8000-000000000002'"],
  },
};
