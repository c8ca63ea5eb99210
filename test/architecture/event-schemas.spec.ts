import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema } from '#platform/http';
import { eventSchema, typeOf } from '../../apps/api/src/catalogue/event-schema.js';
import { EVENT_TYPES } from '../../apps/api/src/catalogue/event-types.js';
import { SCHEMA_HOST, SCHEMAS } from '../support/events/event-validator.js';
import { catalogueTable, inDocument } from './catalogue-table.js';
import { ROOT, TOOL_TIMEOUT_MS } from './planted-tree.js';
import { breaksBetween } from './schema-changes.js';

jest.setTimeout(TOOL_TIMEOUT_MS);

const RENEW = 'npm run record:events';
const isRecording = process.env.CRM_RECORD_EVENTS !== undefined;
const DOCUMENT = join(ROOT, 'docs/events.md');

const fileOf = (type: string): string => join(SCHEMAS, `${type}.json`);
const textOf = (schema: JsonSchema): string => `${JSON.stringify(schema, null, 2)}\n`;

const generated = new Map(EVENT_TYPES.map((eventType) => [typeOf(eventType), eventSchema(eventType, SCHEMA_HOST)]));
const committed = new Map(
  readdirSync(SCHEMAS).map((file) => [
    file.slice(0, -'.json'.length),
    JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as JsonSchema,
  ]),
);

describe('the schemas of events', () => {
  it('break no subscriber: what would, comes as a new type, which ends in .v2', () => {
    const breaks = [...committed].flatMap(([type, old]) => {
      const now = generated.get(type);
      return (now ? breaksBetween(old, now) : ['is published no more']).map((change) => `${type}: ${change}`);
    });
    expect(breaks).toEqual([]);
    if (isRecording) for (const [type, schema] of generated) writeFileSync(fileOf(type), textOf(schema));
  });

  it(`are committed as subscribers know them: renew with \`${RENEW}\``, () => {
    const stale = [...generated].filter(
      ([type, schema]) => !existsSync(fileOf(type)) || readFileSync(fileOf(type), 'utf8') !== textOf(schema),
    );
    expect(stale.map(([type]) => type)).toEqual([]);
  });

  it(`are listed in docs/events.md: renew with \`${RENEW}\``, () => {
    const text = readFileSync(DOCUMENT, 'utf8');
    const current = inDocument(text, catalogueTable(EVENT_TYPES));
    if (isRecording) writeFileSync(DOCUMENT, current);
    else expect(text).toBe(current);
  });
});

describe('a change of a schema', () => {
  const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
    type: 'object',
    properties,
    required,
    additionalProperties: false,
  });
  const id: JsonSchema = { type: 'string', format: 'uuid' };
  const stage: JsonSchema = { type: 'string', enum: ['won', 'lost'] };

  it.each<[string, JsonSchema, JsonSchema, string]>([
    ['a member that is gone', object({ id, stage }), object({ id }), '/stage is gone'],
    ['a member that may be absent', object({ id }), object({ id }, []), '/id may be absent now'],
    ['another type', object({ id }), object({ id: { type: 'integer' } }), '/id may be of type integer now'],
    ['null', { type: 'string' }, { type: ['string', 'null'] }, '/ may be of type null now'],
    ['a new value', stage, { type: 'string', enum: ['won', 'lost', 'slept'] }, '/ may be slept now'],
    ['any value', stage, { type: 'string' }, '/ may be any now'],
    ['another format', id, { type: 'string', format: 'email' }, '/ had format uuid, has email now'],
    ['no pattern', { type: 'string', pattern: 'a' }, { type: 'string' }, '/ had pattern a, has undefined now'],
    ['a longer text', { maxLength: 255 }, { maxLength: 256 }, '/ had maxLength 255, has 256 now'],
    ['a smaller number', { minimum: 1 }, { minimum: 0 }, '/ had minimum 1, has 0 now'],
    ['what is deep inside', { items: object({ id }) }, { items: object({}) }, '/*/id is gone'],
    ['members of any name', object({}), { ...object({}), additionalProperties: true }, '/ takes any member now'],
  ])('that would break a subscriber is found: %s', (_what, old, now, found) => {
    expect(breaksBetween(old, now)).toContain(found);
  });

  it.each<[string, JsonSchema, JsonSchema]>([
    ['a new member', object({ id }), object({ id, stage })],
    ['a member that always comes now', object({ id }, []), object({ id })],
    ['no null any more', { type: ['string', 'null'] }, { type: 'string' }],
    ['whole numbers only', { type: 'number' }, { type: 'integer' }],
    ['fewer values', stage, { type: 'string', enum: ['won'] }],
    ['a format where there was none', { type: 'string' }, id],
    ['a shorter text', { maxLength: 255 }, { maxLength: 200 }],
    ['other words', { ...id, description: 'Its own.' }, id],
  ])('that breaks none is let pass: %s', (_what, old, now) => {
    expect(breaksBetween(old, now)).toEqual([]);
  });
});
