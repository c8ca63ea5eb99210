import { useEffect, useState } from 'preact/hooks';
import { plural, STAGE_NAMES } from '../format.js';
import { movesDeals, movesMoney } from '../live/concerns.js';
import { type Reading, useFresh, useLive } from '../live/live.js';
import { type CrmEvent, type Deal, OPEN_STAGES, type StageMetric, STAGES } from '../resources.js';
import { EventList } from './event-list.js';
import { StageColumn } from './stage-column.js';

const PERIODS = [
  ['all', 'Any review date'],
  ['7d', 'Review within 7 days'],
  ['30d', 'Review within 30 days'],
  ['90d', 'Review within 90 days'],
] as const;
const TYPING_MS = 250;
const RECENT_EVENTS = 14;
const FLASH_MS = 4_000;

/** All visible deals by stage, with their value. */
export function Board({ events }: { readonly events: readonly CrmEvent[] }) {
  const { api } = useLive();
  const [search, setSearch] = useState('');
  const [period, setPeriod] = useState('all');
  const settled = useSettled(search.trim());
  const filter = new URLSearchParams({ ...(settled && { search: settled }), ...(period !== 'all' && { period }) });
  const query = String(filter);
  const metrics = useFresh(
    query,
    () => api.get<{ items: StageMetric[] }>(`/deals/stage-metrics?${query}`),
    (event) => movesDeals(event) || movesMoney(event),
  );
  const { changed, news } = useChanges();
  return (
    <div class="with-aside">
      <div>
        <div class="heading">
          <h1 tabIndex={-1}>
            Pipeline <Totals metrics={metrics} />
          </h1>
          <Filter {...{ search, setSearch, period, setPeriod }} />
        </div>
        <p class="hidden" role="status">
          {news}
        </p>
        <div class="board">
          {STAGES.map((stage) => (
            <StageColumn
              key={stage}
              {...{ stage, query, changed, metric: metrics.value?.items.find((item) => item.stage === stage) }}
            />
          ))}
        </div>
      </div>
      <aside aria-labelledby="latest">
        <h2 id="latest">Latest events</h2>
        <EventList events={events.slice(0, RECENT_EVENTS)} isBrief />
      </aside>
    </div>
  );
}

interface FilterProps {
  readonly search: string;
  readonly setSearch: (text: string) => void;
  readonly period: string;
  readonly setPeriod: (period: string) => void;
}

function Filter({ search, setSearch, period, setPeriod }: FilterProps) {
  return (
    <form role="search" aria-label="Deals" onSubmit={(event) => event.preventDefault()}>
      <input
        {...{ type: 'search', value: search, placeholder: 'Title or description', 'aria-label': 'Search deals' }}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <select aria-label="Next review" value={period} onChange={(event) => setPeriod(event.currentTarget.value)}>
        {PERIODS.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </form>
  );
}

function Totals({ metrics: { value, failure } }: { readonly metrics: Reading<{ items: readonly StageMetric[] }> }) {
  if (failure && !value) return <span class="totals">without sums: {failure.message}</span>;
  if (!value) return null;
  const countOf = (stages: readonly string[]): number =>
    value.items.filter(({ stage }) => stages.includes(stage)).reduce((count, metric) => count + metric.count, 0);
  return (
    <span class="totals">
      {countOf(OPEN_STAGES)} open of {plural(countOf(STAGES), 'deal')}
    </span>
  );
}

/** Debounces a value. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** The recently changed deals, and the latest change in words for screen readers. */
function useChanges(): { changed: ReadonlySet<string>; news: string } {
  const { feed } = useLive();
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [news, setNews] = useState('');
  useEffect(
    () =>
      feed.listen((signal) => {
        if (signal.kind !== 'event' || signal.isPast || !signal.event.type.startsWith('crm.deal.')) return;
        const { deal_id: id, type, data } = signal.event;
        if (id === null) return;
        setChanged((ids) => new Set(ids).add(id));
        setTimeout(() => setChanged((ids) => new Set([...ids].filter((other) => other !== id))), FLASH_MS);
        const { title, stage } = (data.deal ?? {}) as Partial<Deal>;
        if (type === 'crm.deal.created') setNews(`New deal: ${title}`);
        if (type === 'crm.deal.stage_changed') setNews(`${title} moved to ${STAGE_NAMES[stage!]}`);
      }),
    [feed],
  );
  return { changed, news };
}
