import { Parser } from '@asyncapi/parser';
import { Crm } from '../../support/crm.js';
import { committedSchemas, SCHEMA_HOST } from '../../support/events/event-validator.js';
import { EVENT_TYPES } from '../../../apps/api/src/catalogue/event-types.js';
import { recordedEvents } from '../../../apps/api/src/catalogue/recorded-events.js';

/** AsyncAPI version that the tools of subscribers support. */
const NEWER_VERSION = 'asyncapi-latest-version';

describe('the catalogue of events', () => {
  let crm: Crm;

  beforeAll(async () => {
    crm = await Crm.start();
  });
  afterAll(() => crm.stop());

  const schemas = new Map(committedSchemas().map((schema) => [schema.$id, schema]));
  const keys = EVENT_TYPES.map(({ key }) => key);

  it('contains each type once, with the address of its schema', async () => {
    const { status, body } = await crm.user('seller').get<{ items: Record<string, string>[] }>('/events/catalogue');
    expect(status).toBe(200);
    expect(body.items.map((entry) => entry.routing_key)).toEqual(keys);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { type, routing_key: key, schema } of body.items) {
      expect({ type, schema }).toEqual({ type: `crm.${key}`, schema: `https://crm.example/api/v1/schemas/crm.${key}` });
    }
  });

  it('serves each schema without a token at the address in the events', async () => {
    for (const key of keys) {
      const answer = await crm.api.inject({ url: `/api/v1/schemas/crm.${key}` });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toBe('application/schema+json; charset=utf-8');
      const committed = schemas.get(`${SCHEMA_HOST}/api/v1/schemas/crm.${key}`);
      expect(answer.json()).toEqual({ ...committed, examples: [recordedEvents()[`crm.${key}`]!.data] });
    }
  });

  it('has no schema of an unknown type', async () => {
    for (const type of ['deal.created', 'crm.deal', 'crm.deal.created.v9', 'toString', '..%2Fopenapi.json']) {
      const answer = await crm.api.inject({ url: `/api/v1/schemas/${type}` });
      expect([type, answer.statusCode]).toEqual([type, 404]);
    }
  });

  it('is an AsyncAPI document that the official parser accepts without warnings', async () => {
    const answer = await crm.api.inject({ url: '/api/v1/asyncapi.json' });
    expect(answer.statusCode).toBe(200);
    const { document, diagnostics } = await new Parser().parse(answer.body);
    const faults = diagnostics.filter(({ code }) => code !== NEWER_VERSION);
    expect(faults.map(({ code, message, path }) => ({ code, message, path: path.join('/') }))).toEqual([]);
    const addresses = document!
      .channels()
      .all()
      .map((channel) => channel.address());
    expect(addresses.map(String).sort()).toEqual([...keys, '/streams/deals', 'crm.rpc', 'null'].sort());
    for (const message of document!.messages().all()) expect(message.payload()?.type()).toBe('object');
  });
});
