import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attributesOf, type LoggedEvent, schemaUri } from '#platform/messaging';
import { EVENT_TYPES } from '../../../apps/api/src/catalogue/event-types.js';
import { typeOf } from '../../../apps/api/src/catalogue/event-schema.js';
import { type RecordedEvent, recordedEvents } from '../../../apps/api/src/catalogue/recorded-events.js';
import { Crm } from '../../support/crm.js';
import { type ScenarioRow, runEventScenario } from '../../support/event-scenario.js';
import { EventValidator, SCHEMA_HOST } from '../../support/events/event-validator.js';

const FILE = join(__dirname, '../../../apps/api/src/catalogue/recorded-events.json');
const isRecording = process.env.CRM_RECORD_EVENTS !== undefined;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** The first event of each type in catalogue order; ids are numbered, so that each run records the same. */
function record(rows: readonly ScenarioRow[]): Readonly<Record<string, RecordedEvent>> {
  const ids = new Map<string, string>();
  const numbered = (id: string): string => {
    const known = ids.get(id) ?? `019caca0-4b00-7000-8000-${String(ids.size + 1).padStart(12, '0')}`;
    ids.set(id, known);
    return known;
  };
  const events = rows.map(
    (row) => JSON.parse(JSON.stringify(envelope(row)).replaceAll(UUID, numbered)) as RecordedEvent,
  );
  const first = (type: string) => [type, events.find((event) => event.type === type)] as const;
  return Object.fromEntries(EVENT_TYPES.map((eventType) => first(typeOf(eventType)))) as Record<string, RecordedEvent>;
}

function envelope(row: ScenarioRow): RecordedEvent {
  const logged: LoggedEvent = {
    ...row,
    position: BigInt(row.position),
    streamVersion: row.stream_version,
    actorId: row.actor_id,
    traceparent: row.traceparent && TRACEPARENT,
    dealId: row.deal_id,
    clientId: row.client_id,
    data: '',
  };
  const { dataschema: _dataschema, ...attributes } = attributesOf(logged, SCHEMA_HOST);
  return { ...attributes, data: row.data };
}

describe('the examples of the catalogue', () => {
  let crm: Crm;
  let published: Readonly<Record<string, RecordedEvent>>;

  beforeAll(async () => {
    crm = await Crm.start();
    published = record(await runEventScenario(crm));
    if (isRecording) writeFileSync(FILE, `${JSON.stringify(published, null, 2)}\n`);
  });
  afterAll(() => crm.stop());

  it('include each event type', () => {
    const missing = Object.entries(published).filter(([, event]) => event === undefined);
    expect(missing.map(([type]) => `${type}: add its step to test/support/event-scenario.ts`)).toEqual([]);
  });

  it('equal the published events: `npm run record:events` records them again', () => {
    expect(recordedEvents()).toEqual(published);
  });

  it('are valid by the published schemas and the envelope', () => {
    const validator = new EventValidator();
    const events = Object.values(recordedEvents()).map((event) => ({
      ...event,
      dataschema: schemaUri(event.type, SCHEMA_HOST),
    }));
    expect(events.flatMap((event) => validator.faultsOf(event))).toEqual([]);
  });
});
