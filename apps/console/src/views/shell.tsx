import { useEffect, useRef } from 'preact/hooks';
import type { FeedState } from '../live/event-feed.js';
import { useEventLog } from '../live/event-log.js';
import { useLive } from '../live/live.js';
import { type Route, useRoute } from '../live/route.js';
import type { CrmEvent } from '../resources.js';
import type { Session } from '../session.js';
import { Board } from './board.js';
import { DealView } from './deal.js';
import { Due } from './due.js';
import { Events } from './events.js';
import { StatusLine } from './status-line.js';

const VIEWS = [
  ['board', '#/', 'Pipeline'],
  ['due', '#/due', 'Due'],
  ['events', '#/events', 'Events'],
] as const;

interface Props {
  readonly session: Session;
  readonly state: FeedState;
  readonly onLeave: () => void;
}

/** The frame around every view. */
export function Shell({ session, state, onLeave }: Props) {
  const route = useRoute();
  const events = useEventLog(useLive().feed);
  const main = useRef<HTMLElement>(null);
  useFocusOnArrival(route);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // the part behind # selects the view
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="bar">
        <span class="brand">CRM console</span>
        <nav aria-label="Views">
          <ul>
            {VIEWS.map(([view, href, name]) => (
              <li key={view}>
                <a href={href} aria-current={route.view === view ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <StatusLine state={state} />
        <div class="session">
          <span class="who" title={session.roles.join(', ')}>
            {session.name}
          </span>
          <button type="button" class="quiet" onClick={onLeave}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <View route={route} events={events} />
      </main>
    </>
  );
}

function View({ route, events }: { readonly route: Route; readonly events: readonly CrmEvent[] }) {
  if (route.view === 'deal') return <DealView key={route.id} id={route.id} />;
  if (route.view === 'due') return <Due />;
  if (route.view === 'events') return <Events events={events} />;
  return <Board events={events} />;
}

/** Moves the focus to the heading of a new view, for screen readers; the first view leaves it unchanged. */
function useFocusOnArrival(route: Route): void {
  const isFirst = useRef(true);
  const place = 'id' in route ? route.id : route.view;
  useEffect(() => {
    const heading = document.querySelector('h1');
    const name = 'id' in route ? 'Deal' : (VIEWS.find(([view]) => view === route.view)?.[2] ?? '');
    document.title = `${name} · CRM console`;
    if (!isFirst.current) {
      scrollTo(0, 0);
      heading?.focus();
    }
    isFirst.current = false;
  }, [place]);
}
