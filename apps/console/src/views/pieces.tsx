import type { ComponentChildren } from 'preact';
import type { Reading } from '../live/live.js';
import { daysUntil, due, day, isZero, money, words } from '../format.js';

/** An amount with its currency, aligned in columns. */
export function Amount({ amount, currency }: { readonly amount: string | null; readonly currency: string | null }) {
  if (amount === null) return <span class="muted">no amount</span>;
  return (
    <span class={isZero(amount) ? 'amount zero' : 'amount'}>
      {money(amount)} <span class="currency">{currency}</span>
    </span>
  );
}

/** Name of a state; the colour adds no information. */
export function Badge({ code }: { readonly code: string }) {
  return <span class={`badge ${code}`}>{words(code)}</span>;
}

/** A due date and its distance from today. */
export function DueDay({ date, hiddenLabel }: { readonly date: string; readonly hiddenLabel?: string }) {
  const days = daysUntil(date);
  const urgency = days < 0 ? 'late' : days === 0 ? 'now' : '';
  return (
    <span class={`due ${urgency}`}>
      {hiddenLabel && <span class="hidden">{hiddenLabel} </span>}
      <time dateTime={date}>{day(date)}</time>
      {days <= 7 && <span class="distance"> · {due(date)}</span>}
    </span>
  );
}

/** Shows data with a notice when it could not be refreshed, or the reason why there is none. */
export function Shown<T>({
  reading,
  children,
}: {
  readonly reading: Reading<T>;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { value, failure } = reading;
  const reason = failure && (failure.message || 'the server does not answer');
  if (value === undefined) return <p class="muted">{reason ? `Not available: ${reason}` : 'Reading …'}</p>;
  return (
    <>
      {reason && <p class="muted small">Not up to date: {reason}</p>}
      {children(value)}
    </>
  );
}

/** A section with a heading. */
export function Panel({
  id,
  title,
  count,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly count?: number | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {count !== undefined && <span class="count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}
