import { type JsonSchema, jsonSchemaOf } from '#platform/http';
import { ENVELOPE_SCHEMA, EVENT_TYPE_PREFIX, type EventType, schemaUri } from '#platform/messaging';
import type { RecordedEvent } from './recorded-events.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The CloudEvent's type. */
export function typeOf({ key }: EventType): string {
  return EVENT_TYPE_PREFIX + key;
}

/**
 * Returns the document behind an event's `dataschema`: the JSON Schema of its data.
 * @param publicUrl of the service, without a trailing slash.
 * @param recorded shown as example.
 */
export function eventSchema(eventType: EventType, publicUrl: string, recorded?: RecordedEvent): JsonSchema {
  const { meaning, data } = eventType.declaration;
  const type = typeOf(eventType);
  return {
    $schema: DIALECT,
    $id: schemaUri(type, publicUrl),
    title: type,
    description: meaning,
    ...jsonSchemaOf(data),
    ...(recorded && { examples: [recorded.data] }),
  };
}

/**
 * The JSON Schema of whole events of a type, envelope and data.
 * @param data schema of the data, or a reference to it.
 */
export function envelopeSchema(eventType: EventType, publicUrl: string, data: JsonSchema): JsonSchema {
  const type = typeOf(eventType);
  const narrowed = { type: { const: type }, dataschema: { const: schemaUri(type, publicUrl) }, data };
  return { ...ENVELOPE_SCHEMA, properties: { ...ENVELOPE_SCHEMA.properties, ...narrowed } };
}
