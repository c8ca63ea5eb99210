import type { Change, LoggedFact } from '#platform/messaging';
import type { LineKind, PaymentLineView } from '../contracts.js';
import type { LineChange } from './line-change.js';
import { LINE_EVENTS, PAYMENT_UPDATED } from '../payment.event-types.js';

const DONE = { created: 'added', updated: 'changed', deleted: 'deleted' } as const;

/**
 * What a change of a line tells the deal's journal and log. The statement that writes it adds what it alone sees, in the
 * rows that it locked: currency, ids, audience, and the payment before and after.
 */
export function lineStory(dealId: string, paymentId: string, change: LineChange): Change {
  const { kind, what, before, actorId } = change;
  const previous = before && differing(before, change.line.view);
  return {
    stream: `deals/${dealId}`,
    dealId,
    actorId,
    audience: [],
    entry: { kind: 'system', body: bodyOf(kind, what, previous), data: { payment_id: paymentId, ...entry(change) } },
    events: [lineFact(change, previous), PAYMENT_UPDATED.begun({})],
  };
}

function lineFact({ kind, what, line, actorId, at }: LineChange, previous: object | null): LoggedFact {
  const types = LINE_EVENTS[kind];
  const { view } = line;
  const data = { [`${kind}_id`]: view.id, [kind]: { [`${kind}_id`]: view.id, ...view } };
  if (what === 'created') return types.created.begun(data);
  if (what === 'deleted') return types.deleted.begun({ ...data, deleted_at: at, deleted_by_id: actorId });
  return types.updated.begun({ ...data, changed: Object.keys(previous ?? {}), previous: previous ?? {} });
}

function bodyOf(kind: LineKind, what: LineChange['what'], previous: object | null): string {
  const fields = what === 'updated' && previous ? `: ${Object.keys(previous).join(', ')}` : '';
  return `${kind === 'income' ? 'Income' : 'Expense'} ${DONE[what]}${fields}`;
}

/** No money fact ever disappears: a deleted line stands here as it was. */
function entry({ kind, what, line, before }: LineChange): object {
  const after = line.view;
  const id = { [`${kind}_id`]: after.id };
  if (what === 'created' || before === null) return { ...id, before: null, after };
  if (what === 'deleted') return { ...id, before, after: null };
  return { ...id, before: differing(before, after), after: differing(after, before) };
}

/** The members of `line` that differ from `other`, without those that move with every change. */
function differing(line: PaymentLineView, other: PaymentLineView): Partial<PaymentLineView> {
  return Object.fromEntries(
    Object.entries(line).filter(
      ([field, value]) =>
        !['version', 'updated_at', 'updated_by_id'].includes(field) && other[field as keyof PaymentLineView] !== value,
    ),
  );
}
