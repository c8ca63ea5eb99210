import { audienceOf, type Change } from '#platform/messaging';
import { JOURNAL_APPENDED, type PublishedNote } from './journal.event-types.js';
import type { JournaledDeal } from './journaled-deal.js';

/** Builds the change of a note: its journal entry and its event. */
export function noteChange(deal: JournaledDeal, note: PublishedNote): Change {
  const { author_id, body, created_at } = note;
  const data = {
    deal_id: deal.id,
    client_id: deal.clientId,
    entry_id: note.id,
    author_id,
    body,
    created_at,
    entry: note,
  };
  return {
    stream: `deals/${deal.id}`,
    dealId: deal.id,
    clientId: deal.clientId,
    actorId: author_id,
    audience: audienceOf([deal.ownerId], [deal.executorId]),
    entry: { id: note.id, kind: 'note', body, data: {} },
    events: [JOURNAL_APPENDED.fact(data)],
  };
}
