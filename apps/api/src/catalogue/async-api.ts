import { API_PREFIX, type JsonSchema, jsonSchemaOf } from '#platform/http';
import { CLOUD_EVENT_CONTENT_TYPE, type EventType, schemaUri } from '#platform/messaging';
import { envelopeSchema, eventSchema, typeOf } from './event-schema.js';
import type { RecordedEvent } from './recorded-events.js';
import { RPC_CHANNELS, RPC_MESSAGES, RPC_OPERATIONS } from './rpc-channel.js';
import { STREAM_CHANNEL, STREAM_MESSAGES, STREAM_OPERATION } from './stream-channel.js';

/** Addresses and the exchange that the document names. */
export interface AsyncApiSettings {
  /** Public URL of the service, without a trailing slash. */
  readonly publicUrl: string;
  /** Name of the topic exchange. */
  readonly exchange: string;
}

const BINDING_VERSION = '0.3.0';

const DESCRIPTION = `Every change of the business is published once it is committed, as a structured CloudEvent 1.0.2.
Bind a durable queue of your own to the exchange by routing keys; dedupe by \`id\`; events of one \`partitionkey\` come in
the order of \`streamversion\`. Members may be added to \`data\`: ignore those you don't know. Whatever would break a
subscriber comes as a new type, which ends in \`.v2\`.`.replaceAll('\n', ' ');

/**
 * The AsyncAPI 3 document: a channel for each routing key, the event stream over HTTP, and what is answered over RPC.
 * @param recorded examples, by CloudEvent type.
 */
export function asyncApiDocument(
  eventTypes: readonly EventType[],
  recorded: Readonly<Record<string, RecordedEvent>>,
  settings: AsyncApiSettings,
): object {
  const each = <T>(value: (eventType: EventType) => readonly [string, T]) => Object.fromEntries(eventTypes.map(value));
  return {
    asyncapi: '3.0.0',
    info: { title: 'Events of the CRM core of an insurance brokerage', version: '1', description: DESCRIPTION },
    defaultContentType: CLOUD_EVENT_CONTENT_TYPE,
    servers: servers(settings),
    channels: {
      ...each((eventType) => [eventType.key, channelOf(eventType, settings)]),
      streams: STREAM_CHANNEL,
      ...RPC_CHANNELS,
    },
    operations: {
      ...each((eventType) => [`publish.${eventType.key}`, operationOf(eventType)]),
      stream: STREAM_OPERATION,
      ...RPC_OPERATIONS,
    },
    components: {
      messages: {
        ...each((eventType) => [eventType.key, messageOf(eventType, settings, recorded[typeOf(eventType)])]),
        ...STREAM_MESSAGES,
        ...RPC_MESSAGES,
      },
      schemas: each((eventType) => [eventType.key, dataSchemaOf(eventType, settings)]),
      securitySchemes: {
        account: { type: 'userPassword', description: 'An account of the broker that may bind and read queues.' },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

function servers({ publicUrl }: AsyncApiSettings): object {
  const { host, protocol } = new URL(publicUrl);
  return {
    rabbitmq: {
      host: '{broker}',
      protocol: 'amqp',
      protocolVersion: '0.9.1',
      description: 'RabbitMQ. Events that match no binding go to the queue `crm.unrouted`.',
      variables: { broker: { default: 'localhost:5672', description: 'Where your installation runs its broker.' } },
      security: [{ $ref: '#/components/securitySchemes/account' }],
    },
    api: {
      host,
      protocol: protocol.slice(0, -1),
      description: `The service itself; its HTTP API is described at /${API_PREFIX}/openapi.json.`,
      security: [{ $ref: '#/components/securitySchemes/token' }],
    },
  };
}

function channelOf(eventType: EventType, { exchange }: AsyncApiSettings): object {
  const { key, declaration } = eventType;
  return {
    address: key,
    title: typeOf(eventType),
    description: `${declaration.meaning} On the stream \`${declaration.stream}\`.`,
    servers: [{ $ref: '#/servers/rabbitmq' }],
    messages: { event: { $ref: `#/components/messages/${key}` } },
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name: exchange, type: 'topic', durable: true, autoDelete: false, vhost: '/' },
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

function operationOf({ key }: EventType): object {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${key}` },
    messages: [{ $ref: `#/channels/${key}/messages/event` }],
    bindings: { amqp: { deliveryMode: 2, mandatory: true, timestamp: true, bindingVersion: BINDING_VERSION } },
  };
}

function messageOf(eventType: EventType, settings: AsyncApiSettings, recorded?: RecordedEvent): object {
  const { key, declaration } = eventType;
  const payload = envelopeSchema(eventType, settings.publicUrl, { $ref: `#/components/schemas/${key}` });
  return {
    name: typeOf(eventType),
    title: declaration.meaning,
    description: `Visible on the event stream to: ${declaration.followers}, and to users whose scope is everything.`,
    contentType: CLOUD_EVENT_CONTENT_TYPE,
    headers: headersSchema(payload, key),
    payload,
    bindings: { amqp: { messageType: typeOf(eventType), bindingVersion: BINDING_VERSION } },
    ...(recorded && { examples: [exampleOf(eventType, recorded, settings)] }),
  };
}

/** Removes the keywords of a standalone document: AsyncAPI builds on draft 07, which knows all remaining keywords. */
function dataSchemaOf(eventType: EventType, { publicUrl }: AsyncApiSettings): JsonSchema {
  const { meaning, data } = eventType.declaration;
  const type = typeOf(eventType);
  const { $id } = eventSchema(eventType, publicUrl);
  return { title: type, description: `${meaning} Alone: ${String($id)}`, ...jsonSchemaOf(data) };
}

/** Headers for brokers and consumers that do not parse the body: each attribute, and the routing key. */
function headersSchema(envelope: JsonSchema, key: string): JsonSchema {
  const { data: _data, ...attributes } = envelope.properties!;
  const required = envelope.required!.filter((name) => name !== 'data');
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(Object.entries(attributes).map(([name, schema]) => [headerOf(name), schema])),
      event: { const: key },
      replayed: { type: 'boolean', description: 'True when the event is sent again by a requested replay.' },
    },
    required: [...required.map(headerOf), 'event'],
  };
}

function exampleOf(eventType: EventType, recorded: RecordedEvent, { publicUrl }: AsyncApiSettings): object {
  const payload = { ...recorded, dataschema: schemaUri(typeOf(eventType), publicUrl) };
  const attributes = Object.entries(payload).filter(([name]) => name !== 'data');
  const headers = {
    ...Object.fromEntries(attributes.map(([name, value]) => [headerOf(name), value])),
    event: eventType.key,
  };
  return { name: 'recorded', summary: 'As it was published in a run of the tests.', headers, payload };
}

function headerOf(attribute: string): string {
  return `cloudEvents_${attribute}`;
}
