import type { Change, LoggedFact } from '#platform/messaging';
import type { LineKind, PaymentLineView } from './contracts.js';
import type { LineChange, PaymentAtHand } from './line-change.js';
import { LINE_EVENTS, PAYMENT_UPDATED } from './payment.event-types.js';

/** The line itself stands beside them, under the name of its kind. */
interface LineIds {
  readonly deal_id: string;
  readonly client_id: string;
  readonly policy_id: string | null;
  readonly payment_id: string;
}

const DONE = { created: 'added', updated: 'changed', deleted: 'deleted' } as const;

/**
 * What a change of a line tells the deal's journal and log. The statement that writes it adds the payment to the entry
 * and to `deal.payment.updated`, since it alone sees the row that it locked.
 */
export function lineStory(payment: PaymentAtHand, change: LineChange): Change {
  const { kind, what, before, actorId } = change;
  const { dealId, clientId, ownerId, executorId } = payment;
  const line = change.line.view;
  const ids = { deal_id: dealId, client_id: clientId, policy_id: payment.policyId, payment_id: payment.id };
  const data = { ...ids, [`${kind}_id`]: line.id, [kind]: { [`${kind}_id`]: line.id, ...line } };
  const previous = before && differing(before, line);
  return {
    stream: `deals/${dealId}`,
    dealId,
    clientId,
    actorId,
    audience: [...new Set([ownerId, executorId].filter((id) => id !== null))],
    entry: { kind: 'system', body: bodyOf(kind, what, previous), data: { payment_id: payment.id, ...entry(change) } },
    events: [lineFact(change, data, previous), PAYMENT_UPDATED.begun(ids)],
  };
}

function lineFact({ kind, what, actorId, at }: LineChange, data: LineIds, previous: object | null): LoggedFact {
  const types = LINE_EVENTS[kind];
  if (what === 'created') return types.created.fact(data);
  if (what === 'deleted') return types.deleted.fact({ ...data, deleted_at: at, deleted_by_id: actorId });
  return types.updated.fact({ ...data, changed: Object.keys(previous ?? {}), previous: previous ?? {} });
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
