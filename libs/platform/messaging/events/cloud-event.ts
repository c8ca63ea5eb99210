import type { LoggedEvent } from '../outbox/log-reader.js';

/** `content_type` of a structured CloudEvent. */
export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';
export const EVENT_SOURCE = '/crm';
/** What makes a routing key the type of a CloudEvent. */
export const EVENT_TYPE_PREFIX = 'crm.';

/** The context attributes of a CloudEvents 1.0.2 envelope, ours included. */
export interface CloudEventAttributes {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly dataschema: string;
  /** The stream: the unit within which order is kept. */
  readonly partitionkey: string;
  /** 1, 2, 3 … within the stream, so that a consumer sees a gap. */
  readonly streamversion: number;
  /** Place in the global order, as text since it may pass 2^53. */
  readonly position: string;
  readonly actorid?: string;
  readonly traceparent?: string;
}

/** @param publicUrl base of the schema's URI. */
export function attributesOf(event: LoggedEvent, publicUrl: string): CloudEventAttributes {
  const type = EVENT_TYPE_PREFIX + event.type;
  return {
    specversion: '1.0',
    id: event.id,
    source: EVENT_SOURCE,
    type,
    subject: event.stream,
    time: event.time,
    datacontenttype: 'application/json',
    dataschema: schemaUri(type, publicUrl),
    partitionkey: event.stream,
    streamversion: event.streamVersion,
    position: event.position.toString(),
    ...(event.actorId ? { actorid: event.actorId } : {}),
    ...(event.traceparent ? { traceparent: event.traceparent } : {}),
  };
}

/**
 * Where the JSON Schema of a type's data is served.
 * @param type with its `crm.`.
 * @param publicUrl of the service.
 */
export function schemaUri(type: string, publicUrl: string): string {
  return `${publicUrl.replace(/\/$/, '')}/api/v1/schemas/${type}`;
}

/** The structured form: one JSON object; the data is put in as the text it already is. */
export function envelopeOf(attributes: CloudEventAttributes, data: string): string {
  const head = JSON.stringify(attributes);
  return `${head.slice(0, -1)},"data":${data}}`;
}

/** The event as it is published, to every kind of consumer. */
export function cloudEventOf(event: LoggedEvent, publicUrl: string): string {
  return envelopeOf(attributesOf(event, publicUrl), event.data);
}
