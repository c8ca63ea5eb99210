import type { Scope } from '#platform/auth';
import type { BatchOptions } from '#platform/cqrs';
import { BatchSelect, type TableMapping } from '#platform/persistence';
import type { PaymentLine } from './lines/payment-line.entity.js';
import type { PaymentPath } from './payment-path.js';
import type { Payment } from './payment.entity.js';

type Row = Record<string, unknown>;

/** The row of a locked payment, with the facts of its deal. */
type LockedRow = Row & {
  readonly deal_client_id: string;
  readonly deal_owner_id: string | null;
  readonly deal_executor_id: string | null;
};

const LOCK_MEMBERS = [
  'payment_id uuid',
  'deal_id uuid',
  'policy_id uuid',
  'sees_all boolean',
  'owner_id uuid',
  'executor_id uuid',
] as const;

/** The input of {@link lockPayments}: the payment of a path, if its deal is in the scope. */
export function lockInput({ dealId, policyId }: PaymentPath, paymentId: string, scope: Scope): object {
  const { all, ownerId, executorId } = scope;
  return {
    payment_id: paymentId,
    deal_id: dealId,
    policy_id: policyId,
    sees_all: all,
    owner_id: ownerId,
    executor_id: executorId,
  };
}

/**
 * Locks payments for update, and their deals for share: an owner who loses the deal receives no later event. Locks are
 * taken in the order of deals, so that two of these statements cannot wait for each other.
 */
export function lockPayments(mapping: TableMapping<Payment>): BatchSelect<object, LockedRow> {
  const columns = mapping.selection
    .split(', ')
    .map((column) => `p.${column}`)
    .join(', ');
  return new BatchSelect(
    LOCK_MEMBERS,
    `${columns}, d.client_id AS deal_client_id, d.owner_id AS deal_owner_id, d.executor_id AS deal_executor_id`,
    `JOIN crm.payments p ON p.id = i.payment_id JOIN crm.deal_access d ON d.id = p.deal_id
     WHERE p.deal_id = i.deal_id AND NOT p.is_deleted AND (i.policy_id IS NULL OR p.policy_id = i.policy_id)
       AND NOT d.is_deleted AND (i.sees_all OR d.owner_id = i.owner_id OR d.executor_id = i.executor_id)
     ORDER BY i.deal_id FOR NO KEY UPDATE OF p FOR SHARE OF d`,
  );
}

/** Selects lines that are not deleted; they change only while their payment is locked. */
export function selectLines(mapping: TableMapping<PaymentLine>): BatchSelect<object, Row> {
  const columns = mapping.selection
    .split(', ')
    .map((column) => `l.${column}`)
    .join(', ');
  return new BatchSelect(
    ['line_id uuid', 'payment_id uuid'],
    columns,
    `JOIN ${mapping.table} l ON l.id = i.line_id AND l.payment_id = i.payment_id WHERE NOT l.is_deleted`,
  );
}

/** Commands on lines share their batches. Those of one deal run one after the other: they append to one stream. */
export const LINE_BATCH: BatchOptions<{ readonly path: PaymentPath }> = {
  maxBatchSize: 50,
  keyOf: ({ path }) => path.dealId,
};
