import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { JsonSchema } from '#platform/http';
import { attributesOf, ENVELOPE_SCHEMA, type LoggedEvent } from '#platform/messaging';

/** The published schemas; a check compares them with the schemas that the service serves. */
export const SCHEMAS = join(__dirname, '../../../docs/events/schemas');
/** Host in the committed schemas, independent of any installation. */
export const SCHEMA_HOST = 'https://crm.example';

/** Validates events against the published schemas and the strict envelope. */
export class EventValidator {
  private readonly ajv: Ajv2020;
  private readonly envelope: ValidateFunction;

  constructor(schemas: readonly object[] = committedSchemas()) {
    this.ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
    formats.default(this.ajv);
    for (const schema of schemas) this.ajv.addSchema(schema);
    this.envelope = this.ajv.compile(ENVELOPE_SCHEMA);
  }

  /** @param position any number for events that the sequencer has not ordered yet. */
  faultsOfLogged(event: Omit<LoggedEvent, 'position'> & { readonly position: string | null }): string[] {
    const attributes = attributesOf({ ...event, position: BigInt(event.position ?? 1) }, SCHEMA_HOST);
    return this.faultsOf({ ...attributes, data: JSON.parse(event.data) as unknown });
  }

  /** Faults of a whole event, envelope and data. */
  faultsOf(event: Readonly<Record<string, unknown>>): string[] {
    const { type, dataschema, data, id } = event as Record<string, string>;
    const schema = this.ajv.getSchema(`${SCHEMA_HOST}/api/v1/schemas/${type}`);
    const faults = [
      ...this.check(this.envelope, event),
      ...(dataschema?.endsWith(`/api/v1/schemas/${type}`) ? [] : [`dataschema is ${dataschema}`]),
      ...(schema ? this.check(schema, data) : ['no schema is published for it']),
    ];
    return faults.map((fault) => `${type} ${id}: ${fault}`);
  }

  private check(validate: ValidateFunction, value: unknown): string[] {
    if (validate(value)) return [];
    return validate.errors!.map(({ instancePath, message, params }) =>
      [instancePath || '/', message, JSON.stringify(params)].join(' '),
    );
  }
}

export function committedSchemas(): JsonSchema[] {
  return readdirSync(SCHEMAS).map((file) => JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as JsonSchema);
}
