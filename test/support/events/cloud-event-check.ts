import type { ConsumeMessage } from 'amqplib';

type Check = (value: unknown) => boolean;

const isText =
  (shape: RegExp): Check =>
  (value) =>
    typeof value === 'string' && shape.test(value);

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const KEY = '[a-z]+(\\.[a-z_]+)+';

/**
 * Every attribute that an event of ours may have, the required ones first. The official JSON Schema of CloudEvents
 * accepts other spec versions, extensions of any type, and data beside data_base64.
 */
const REQUIRED: Readonly<Record<string, Check>> = {
  specversion: isText(/^1\.0$/),
  id: isText(new RegExp(`^${UUID}$`)),
  source: isText(/^\/crm$/),
  type: isText(new RegExp(`^crm\\.${KEY}$`)),
  subject: isText(new RegExp(`^(deals|clients|policies)/${UUID}$`)),
  time: isText(/^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,6}Z$/),
  datacontenttype: isText(/^application\/json$/),
  dataschema: (value) => typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
  partitionkey: isText(new RegExp(`^(deals|clients|policies)/${UUID}$`)),
  streamversion: (value) => Number.isInteger(value) && (value as number) > 0,
  position: isText(/^[1-9]\d{0,18}$/),
  data: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const OPTIONAL: Readonly<Record<string, Check>> = {
  actorid: isText(new RegExp(`^${UUID}$`)),
  traceparent: isText(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/),
};

const MAX_BYTES = 64 * 1024;

/** Faults of a message as a structured CloudEvent 1.0.2 over AMQP; empty when it is valid. */
export function faultsOf(message: ConsumeMessage): string[] {
  const text = message.content.toString('utf8');
  const envelope = JSON.parse(text) as Record<string, unknown>;
  return [...faultsOfEnvelope(envelope), ...faultsOfProperties(message, envelope)].concat(
    message.content.length < MAX_BYTES ? [] : [`${message.content.length} bytes`],
  );
}

function faultsOfEnvelope(envelope: Readonly<Record<string, unknown>>): string[] {
  const wrong = Object.entries({ ...REQUIRED, ...OPTIONAL }).filter(([name, check]) =>
    name in envelope ? !check(envelope[name]) : name in REQUIRED,
  );
  const unknown = Object.keys(envelope).filter((name) => !(name in REQUIRED) && !(name in OPTIONAL));
  const { subject, partitionkey, dataschema, type } = envelope as Record<string, string>;
  return [
    ...wrong.map(([name]) => `${name} is ${JSON.stringify(envelope[name])}`),
    ...unknown.map((name) => `${name} is no attribute of ours`),
    ...(subject === partitionkey ? [] : ['the partition key is not the subject']),
    ...(dataschema?.endsWith(`/schemas/${type}`) ? [] : ['the schema is not that of the type']),
  ];
}

/** The AMQP side: properties for brokers and consumers that don't open the body. */
function faultsOfProperties({ fields, properties }: ConsumeMessage, envelope: Readonly<Record<string, unknown>>) {
  const { headers, ...rest } = properties as unknown as { headers?: Record<string, unknown> } & Record<string, unknown>;
  const attributes = Object.entries(envelope).filter(([name]) => name !== 'data');
  const expectedHeaders = Object.fromEntries(attributes.map(([name, value]) => [`cloudEvents_${name}`, value]));
  const expected: Record<string, unknown> = {
    contentType: 'application/cloudevents+json; charset=utf-8',
    deliveryMode: 2,
    messageId: envelope.id,
    type: envelope.type,
    timestamp: Math.floor(Date.parse(envelope.time as string) / 1_000),
  };
  return [
    ...differences('property', expected, rest),
    ...differences('header', { ...expectedHeaders, event: fields.routingKey }, headers ?? {}),
    ...(envelope.type === `crm.${fields.routingKey}` ? [] : [`the routing key is ${fields.routingKey}`]),
  ];
}

/** Compares values: each expected one is present, and no other. */
function differences(
  what: string,
  expected: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names]
    .filter((name) => expected[name] !== found[name])
    .map((name) => `${what} ${name} is ${JSON.stringify(found[name])}`);
}
