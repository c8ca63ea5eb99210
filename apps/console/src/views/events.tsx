import { useState } from 'preact/hooks';
import { plural } from '../format.js';
import { FAMILIES, type Family, familyOf, gistOf } from '../live/event-log.js';
import type { CrmEvent } from '../resources.js';
import { EventList } from './event-list.js';

/** The live events; the user can pause and filter them. */
export function Events({ events }: { readonly events: readonly CrmEvent[] }) {
  const [paused, setPaused] = useState<readonly CrmEvent[]>();
  const [families, setFamilies] = useState<ReadonlySet<Family>>(new Set());
  const [text, setText] = useState('');
  const toggle = (family: Family): void => {
    const next = new Set(families);
    if (!next.delete(family)) next.add(family);
    setFamilies(next);
  };
  const shown = (paused ?? events).filter((event) => isWanted(event, families, text.trim().toLowerCase()));
  return (
    <>
      <div class="heading">
        <h1 tabIndex={-1}>Events</h1>
        <form role="search" aria-label="Events" onSubmit={(event) => event.preventDefault()}>
          <input
            {...{ type: 'search', value: text, placeholder: 'Type, text or id', 'aria-label': 'Filter events' }}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button
            type="button"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused ? undefined : events)}
          >
            {paused ? 'Resume' : 'Pause'}
          </button>
        </form>
      </div>
      <div class="chips" role="group" aria-label="Kinds of events">
        {FAMILIES.map((family) => (
          <button
            key={family}
            type="button"
            class="chip"
            aria-pressed={families.has(family)}
            onClick={() => toggle(family)}
          >
            {family}
          </button>
        ))}
      </div>
      <p class="muted" role="status">
        {paused ? `Paused: ${plural(newerThan(paused, events), 'newer event')} not shown` : ''}
      </p>
      <EventList events={shown} />
    </>
  );
}

function newerThan([first]: readonly CrmEvent[], events: readonly CrmEvent[]): number {
  const known = events.findIndex(({ position }) => position === first?.position);
  return known === -1 ? events.length : known;
}

function isWanted(event: CrmEvent, families: ReadonlySet<Family>, text: string): boolean {
  if (families.size > 0 && !families.has(familyOf(event))) return false;
  if (text === '') return true;
  return [event.type, event.subject, event.id, event.position, gistOf(event)].some((part) =>
    part.toLowerCase().includes(text),
  );
}
