import { useState } from 'preact/hooks';
import { day, money, plural, STAGE_NAMES } from '../format.js';
import { movesDeals } from '../live/concerns.js';
import { Name, useFresh, useLive } from '../live/live.js';
import { useIsNarrow } from '../live/narrow.js';
import { dealHref } from '../live/route.js';
import { type Deal, type Listed, OPEN_STAGES, type Stage, type StageMetric } from '../resources.js';
import { DueDay, Shown } from './pieces.js';

const FIRST = 15;
const MORE = 35;
/** Maximum page size of the API. */
const MAX = 200;

interface Props {
  readonly stage: Stage;
  /** The filter, as a query string. */
  readonly query: string;
  readonly changed: ReadonlySet<string>;
  /** Undefined until it is read, and for users without access. */
  readonly metric: StageMetric | undefined;
}

/** A stage with its figures and deals. On a narrow screen the deals open under their heading. */
export function StageColumn({ stage, query, changed, metric }: Props) {
  const isNarrow = useIsNarrow();
  const [isOpen, setIsOpen] = useState(stage === 'qualification');
  const [limit, setLimit] = useState(FIRST);
  const { api } = useLive();
  const path = `/deals?stage=${stage}&limit=${limit}${query && `&${query}`}`;
  const deals = useFresh(path, () => api.get<Listed<Deal>>(path), movesDeals);
  const name = (
    <>
      {STAGE_NAMES[stage]} {metric && <span class="count">{metric.count}</span>}
    </>
  );
  const ids = { heading: `stage-${stage}`, list: `deals-${stage}` };
  return (
    <section class={`column ${stage}`} aria-labelledby={ids.heading}>
      <div class="figures">
        <h2 id={ids.heading}>
          {isNarrow ? (
            <button type="button" aria-expanded={isOpen} aria-controls={ids.list} onClick={() => setIsOpen(!isOpen)}>
              {name}
            </button>
          ) : (
            name
          )}
        </h2>
        <Figures metric={metric} />
      </div>
      <div id={ids.list} hidden={isNarrow && !isOpen}>
        <Shown reading={deals}>
          {({ items, next_cursor: next }) => (
            <>
              {items.length === 0 && <p class="muted empty">No deals</p>}
              <ul class="cards">
                {items.map((deal) => (
                  <Card key={deal.id} deal={deal} isChanged={changed.has(deal.id)} />
                ))}
              </ul>
              {next !== null && limit < MAX && (
                <button type="button" class="quiet more" onClick={() => setLimit(Math.min(limit + MORE, MAX))}>
                  More<span class="hidden"> deals in {STAGE_NAMES[stage]}</span>
                </button>
              )}
              {next !== null && limit === MAX && <p class="muted empty">The first {MAX}: search for others</p>}
            </>
          )}
        </Shown>
      </div>
    </section>
  );
}

function Figures({ metric }: { readonly metric: StageMetric | undefined }) {
  if (!metric) return null;
  const { total_value: sums, count, conversion_rate: share, avg_cycle_duration_days: days } = metric;
  return (
    <>
      <ul class="sums" aria-label="Planned payments">
        {sums.map(({ currency, amount }) => (
          <li key={currency}>
            <span class="currency">{currency}</span> <span class="amount">{money(amount)}</span>
          </li>
        ))}
        {sums.length === 0 && <li class="muted">no payments</li>}
      </ul>
      <p class="muted small" title="Share of all deals, and how long they take on average">
        {count === 0 ? '–' : `${(share * 100).toFixed(0)} %`}
        {days !== null && ` · ${plural(Math.round(days), 'day')} on average`}
      </p>
    </>
  );
}

function Card({ deal, isChanged }: { readonly deal: Deal; readonly isChanged: boolean }) {
  const isOpen = OPEN_STAGES.includes(deal.stage);
  return (
    <li class={isChanged ? 'card changed' : 'card'}>
      <a href={dealHref(deal.id)}>{deal.title}</a>
      <span class="client">
        <Name kind="clients" id={deal.client_id} />
      </span>
      {isOpen ? (
        <DueDay date={deal.next_review_at} hiddenLabel="Next review" />
      ) : (
        <span class="due">Closed {deal.closed_at && day(deal.closed_at.slice(0, 10))}</span>
      )}
    </li>
  );
}
