import { ENVELOPE_SCHEMA } from '#platform/messaging';

const { id, type, time, position, subject } = ENVELOPE_SCHEMA.properties;
const UUID_OR_NULL = { type: ['string', 'null'], format: 'uuid' } as const;
const SSE = 'text/event-stream';

/** The event stream as an AsyncAPI channel. */
export const STREAM_CHANNEL = {
  address: '/streams/deals',
  title: 'Server-sent events',
  description:
    'Events in the caller’s scope as they happen: the `id` of a frame is the event’s position, its `event` the routing ' +
    'key, its `data` one line of JSON. `Last-Event-ID` resumes after an event; the token may be passed in ' +
    '`?access_token=`. A comment comes every 15 seconds.',
  servers: [{ $ref: '#/servers/api' }],
  messages: {
    frame: { $ref: '#/components/messages/frame' },
    reset: { $ref: '#/components/messages/reset' },
  },
} as const;

export const STREAM_OPERATION = {
  action: 'send',
  channel: { $ref: '#/channels/streams' },
  messages: [{ $ref: '#/channels/streams/messages/frame' }, { $ref: '#/channels/streams/messages/reset' }],
  bindings: {
    http: {
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          deal_id: { type: 'array', items: { type: 'string', format: 'uuid' }, description: 'Only of these deals.' },
          types: { type: 'array', items: { type: 'string' }, description: 'Only these: `deal.payment.*`.' },
          last_event_id: { type: 'string', description: 'Instead of the header `Last-Event-ID`.' },
        },
      },
      bindingVersion: '0.3.0',
    },
  },
} as const;

/** Payload of the lines `data:`. */
export const STREAM_MESSAGES = {
  frame: {
    name: 'frame',
    title: 'An event, as the event stream shows it.',
    contentType: SSE,
    payload: {
      type: 'object',
      properties: {
        ...{ id, type, time, position, subject },
        stream_version: ENVELOPE_SCHEMA.properties.streamversion,
        ...{ deal_id: UUID_OR_NULL, client_id: UUID_OR_NULL, actor_id: UUID_OR_NULL },
        data: { type: 'object', description: 'As in the message of the same type.' },
      },
      required: [
        ...['id', 'type', 'time', 'position', 'subject', 'stream_version', 'deal_id', 'client_id', 'actor_id', 'data'],
      ],
      additionalProperties: false,
    },
  },
  reset: {
    name: 'reset',
    title: 'Events may have passed by: read anew what you know; events go on after `position`.',
    contentType: SSE,
    payload: {
      type: 'object',
      properties: {
        reason: { type: 'string', enum: ['unknown_id', 'id_in_the_future', 'id_past_retention'] },
        position: { type: 'string', pattern: '^[0-9]{1,19}$' },
      },
      required: ['reason', 'position'],
      additionalProperties: false,
    },
  },
} as const;
