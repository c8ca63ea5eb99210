import { TextField } from '#platform/http';
import { EventFilter } from './selection/event-filter.js';
import { EventSelection, patternsOf } from './selection/event-selection.js';

/** Query parameters of a stream. */
export class StreamQuery extends EventSelection {
  @TextField({
    max: 1_000,
    optional: true,
    description: 'Go on after this event, for clients that can’t send the header `Last-Event-ID`, which comes first.',
  })
  last_event_id?: string;

  @TextField({ max: 20_000, optional: true, description: 'The access token, for clients that can’t send headers.' })
  access_token?: string;
}

export function filterOf({ deal_id: dealIds = [], types }: EventSelection): EventFilter {
  return new EventFilter(new Set(dealIds), patternsOf(types));
}
