import { readFileSync } from 'node:fs';
import type { CloudEventAttributes } from '#platform/messaging';

/** An event as it was published; the address of its schema is set by the service that shows it. */
export type RecordedEvent = Omit<CloudEventAttributes, 'dataschema'> & {
  readonly data: Readonly<Record<string, unknown>>;
};

const FILE = new URL('./recorded-events.json', import.meta.url);

/** One event of each type, by type; `npm run record:events` takes them from a run of the service. */
export function recordedEvents(): Readonly<Record<string, RecordedEvent>> {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, RecordedEvent>;
}
