import { clock } from '../format.js';
import { gistOf } from '../live/event-log.js';
import { dealHref } from '../live/route.js';
import type { CrmEvent } from '../resources.js';

interface Props {
  /** The newest first. */
  readonly events: readonly CrmEvent[];
  /** Hides the details. */
  readonly isBrief?: boolean;
}

/** Events line by line. */
export function EventList({ events, isBrief = false }: Props) {
  if (events.length === 0) return <p class="muted empty">Nothing yet</p>;
  return (
    <ol class={isBrief ? 'events brief' : 'events'}>
      {events.map((event) => (
        <li key={event.position}>
          <time dateTime={event.time}>{clock(event.time)}</time>
          <span class="type">{event.type.replace('crm.', '')}</span>
          <span class="gist">
            {event.deal_id === null ? gistOf(event) : <a href={dealHref(event.deal_id)}>{gistOf(event) || 'deal'}</a>}
          </span>
          {!isBrief && (
            <details>
              <summary>
                <span class="hidden">Content of event </span>
                {event.position}
              </summary>
              <pre tabIndex={0}>{JSON.stringify(event, null, 2)}</pre>
            </details>
          )}
        </li>
      ))}
    </ol>
  );
}
