import { useRef, useState } from 'preact/hooks';
import type { ApiFailure } from '../api.js';
import { day, moment, shortId, STAGE_NAMES } from '../format.js';
import { Name, PartLostContext, type Reading, useFresh, useLive } from '../live/live.js';
import type { Deal, MoneySummary } from '../resources.js';
import { Journal } from './journal.js';
import { Payments, Policies, Quotes } from './ledgers.js';
import { Amount, DueDay, Panel, Shown } from './pieces.js';

/** One deal: its facts, its money, its parts and its journal. */
export function DealView({ id }: { readonly id: string }) {
  const { deal, onLost } = useDeal(id);
  return (
    <>
      <p class="back">
        <a href="#/">← Pipeline</a>
      </p>
      <Shown reading={deal}>{(value) => <Facts deal={value} />}</Shown>
      {!deal.failure?.isDenial && (
        <PartLostContext.Provider value={onLost}>
          <div class="deal">
            <div class="panels-stacked">
              <Money dealId={id} />
              <Payments dealId={id} />
              <Quotes dealId={id} />
              <Policies dealId={id} />
            </div>
            <Journal dealId={id} />
          </div>
        </PartLostContext.Provider>
      )}
    </>
  );
}

/**
 * Reads the deal. When a part is not found, the whole deal is removed from the page until a later reading of the deal
 * succeeds.
 */
function useDeal(id: string): { readonly deal: Reading<Deal>; readonly onLost: (failure: ApiFailure) => void } {
  const { api } = useLive();
  const [lost, setLost] = useState<{ readonly of: string; readonly failure: ApiFailure }>();
  const losses = useRef(0);
  const read = async (): Promise<Deal> => {
    const lossesBefore = losses.current;
    const value = await api.get<Deal>(`/deals/${id}`);
    if (losses.current === lossesBefore) setLost(undefined);
    return value;
  };
  const deal = useFresh(id, read, (event) => event.deal_id === id);
  const onLost = (failure: ApiFailure): void => {
    losses.current++;
    setLost({ of: id, failure });
  };
  return { deal: lost?.of === id ? { failure: lost.failure } : deal, onLost };
}

function Facts({ deal }: { readonly deal: Deal }) {
  const { id, title, client_id: clientId, stage, owner_id: owner, executor_id: executor } = deal;
  return (
    <div class="facts">
      <h1 tabIndex={-1}>{title}</h1>
      <p class="subtitle">
        <Name kind="clients" id={clientId} />
      </p>
      {deal.description && <p class="description">{deal.description}</p>}
      <dl class="pairs">
        <Pair name="Stage">
          <span class={`stage ${stage}`}>{STAGE_NAMES[stage]}</span>
        </Pair>
        <Pair name={deal.closed_at ? 'Closed' : 'Next review'}>
          {deal.closed_at ? moment(deal.closed_at) : <DueDay date={deal.next_review_at} />}
        </Pair>
        {deal.lost_reason && <Pair name="Reason">{deal.lost_reason}</Pair>}
        <Pair name="Opened">{day(deal.created_at.slice(0, 10))}</Pair>
        <Pair name="Seller">{owner ? <code title={owner}>{shortId(owner)}</code> : 'not assigned'}</Pair>
        <Pair name="Executor">{executor ? <code title={executor}>{shortId(executor)}</code> : 'not assigned'}</Pair>
        <Pair name="Number">
          <code title={id}>{shortId(id)}</code>
        </Pair>
      </dl>
    </div>
  );
}

function Pair({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const LINES = [
  ['planned_total', 'Planned'],
  ['incomes_total', 'Came in'],
  ['expenses_total', 'Went out'],
  ['net_total', 'Net'],
  ['in_transit', 'Of clients and insurers'],
  ['own', 'Our own'],
] as const;

function Money({ dealId }: { readonly dealId: string }) {
  const { api } = useLive();
  const reading = useFresh(
    dealId,
    () => api.get<{ items: MoneySummary[] }>(`/deals/${dealId}/payments/summary`),
    (event) => event.deal_id === dealId && event.type.includes('.payment.'),
  );
  return (
    <Panel id="money" title="Money">
      <Shown reading={reading}>
        {({ items }) => (
          <div class="purses">
            {items.length === 0 && <p class="muted empty">Nothing planned yet</p>}
            {items.map((summary) => (
              <dl key={summary.currency} class="purse">
                {LINES.map(([field, name]) => (
                  <Pair key={field} name={name}>
                    <Amount amount={summary[field]} currency={summary.currency} />
                  </Pair>
                ))}
              </dl>
            ))}
          </div>
        )}
      </Shown>
    </Panel>
  );
}
