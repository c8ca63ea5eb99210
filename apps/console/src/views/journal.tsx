import { changesOf } from '../live/changes.js';
import { moment, shortId } from '../format.js';
import { useFresh, useLive } from '../live/live.js';
import type { Api } from '../api.js';
import type { JournalEntry, Listed } from '../resources.js';
import { Panel, Shown } from './pieces.js';

const PAGE = 200;
/** A longer journal is cut: the newest entries are shown. */
const MAX_PAGES = 25;

/** Journal of a deal, newest first. */
export function Journal({ dealId }: { readonly dealId: string }) {
  const { api } = useLive();
  const reading = useFresh(
    dealId,
    () => wholeJournal(api, dealId),
    (event) => event.deal_id === dealId,
  );
  return (
    <Panel id="journal" title="Timeline" count={reading.value?.length}>
      <Shown reading={reading}>
        {(entries) => (
          <ol class="timeline" reversed>
            {entries.map((entry) => (
              <li key={entry.id} class={entry.kind}>
                <p class="body">{entry.body}</p>
                <Changes data={entry.data} />
                <p class="muted small">
                  <time dateTime={entry.created_at}>{moment(entry.created_at)}</time>
                  {' · '}
                  {entry.author_id ? <span title={entry.author_id}>by {shortId(entry.author_id)}</span> : 'automatic'}
                </p>
              </li>
            ))}
          </ol>
        )}
      </Shown>
    </Panel>
  );
}

function Changes({ data }: Pick<JournalEntry, 'data'>) {
  const changes = changesOf(data);
  if (changes.length === 0) return null;
  return (
    <ul class="changes small">
      {changes.map((change) => (
        <li key={change}>{change}</li>
      ))}
    </ul>
  );
}

/** The API lists the oldest first. */
async function wholeJournal(api: Api, dealId: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null && page < MAX_PAGES; page++) {
    const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next_cursor: next }: Listed<JournalEntry> = await api.get<Listed<JournalEntry>>(
      `/deals/${dealId}/journal?limit=${PAGE}${after}`,
    );
    entries.push(...items);
    cursor = next;
  }
  return entries.reverse();
}
