import { clock } from '../format.js';
import type { FeedState } from '../live/event-feed.js';

/** Shows whether the data is up to date; screen readers announce changes. */
export function StatusLine({ state }: { readonly state: FeedState }) {
  return (
    <p class={`status ${state.kind}`} role="status">
      <span class="dot" aria-hidden="true" />
      {sayingOf(state)}
    </p>
  );
}

function sayingOf(state: FeedState): string {
  switch (state.kind) {
    case 'connecting':
      return 'Connecting …';
    case 'lost':
      return `${state.reason}. Trying again …`;
    case 'refused':
      return `No live updates: ${state.reason}`;
    case 'live':
      if (state.isReset) return `Live again since ${clock(state.since)}; everything was read anew`;
      if (state.resumedAfter === undefined) return 'Live';
      return `Live again since ${clock(state.since)}, resumed after event ${state.resumedAfter}`;
  }
}
