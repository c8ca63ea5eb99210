import { EVENT_SOURCE } from './cloud-event.js';

const UUID = { type: 'string', format: 'uuid' } as const;
const STREAM = { type: 'string', pattern: '^[a-z]+/[0-9a-f-]{36}$' } as const;

/**
 * The envelope of every event of ours as a JSON Schema: stricter than the official one of CloudEvents, which takes other
 * versions, attributes of any kind, and data beside data_base64. A type's own document narrows `type`, `dataschema` and
 * `data`.
 */
export const ENVELOPE_SCHEMA = {
  type: 'object',
  properties: {
    specversion: { const: '1.0', description: 'Of CloudEvents.' },
    id: { ...UUID, description: 'The same whenever the event is sent again: dedupe by it.' },
    source: { const: EVENT_SOURCE },
    type: { type: 'string', pattern: '^crm(\\.[a-z][a-z0-9_]*)+$', description: '`crm.` and the routing key.' },
    subject: { ...STREAM, description: 'What it happened to: the stream.' },
    time: { type: 'string', format: 'date-time', pattern: 'Z$', description: 'When it was committed, in UTC.' },
    datacontenttype: { const: 'application/json' },
    dataschema: { type: 'string', format: 'uri', description: 'The JSON Schema of `data`.' },
    partitionkey: { ...STREAM, description: 'The stream: within it events come in order.' },
    streamversion: { type: 'integer', minimum: 1, description: '1, 2, 3 … within the stream: a gap shows.' },
    position: { type: 'string', pattern: '^[1-9][0-9]{0,18}$', description: 'Place in the order of all events.' },
    actorid: { ...UUID, description: 'The actor; absent for an automatic act.' },
    traceparent: { type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$', description: 'W3C trace.' },
    data: { type: 'object' },
  },
  required: [
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'],
    ...['partitionkey', 'streamversion', 'position', 'data'],
  ],
  additionalProperties: false,
} as const;
