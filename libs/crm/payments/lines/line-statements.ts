import type { Scope } from '#platform/auth';
import { scopePredicate } from '#platform/auth';
import { type AggregateStore, appendingEach, audienceSql, CHANGE_MEMBERS } from '#platform/messaging';
import { FINER_CURRENCIES, WHOLE_CURRENCIES } from '#platform/kernel';
import { GroupCommit, statement, type Statement, TableMapping } from '#platform/persistence';
import type { LineKind } from '../contracts.js';
import { LINE_ENTITIES, type PaymentLine } from './payment-line.entity.js';

/** What a line's rules need of its payment and deal; parameters: deal, payment, those of the caller's scope. */
export function readPayment(scope: Scope): Statement {
  return statement(
    `SELECT p.id, d.owner_id AS "ownerId", d.executor_id AS "executorId", p.policy_id AS "policyId", p.currency, p.status,
       p.version
     FROM crm.deal_access d
     LEFT JOIN crm.payments p ON p.deal_id = d.id AND p.id = $2::uuid AND NOT p.is_deleted
     WHERE d.id = $1::uuid AND NOT d.is_deleted AND ${scopePredicate(scope, 'd', 3).sql}`,
  );
}

/** A row with the line and the state of its payment. */
export interface WrittenLine {
  /** The deal's stream. */
  readonly key: string;
  readonly currency: string;
}

/** `name type` of what a change of a line takes for granted, in its record. */
const GUARDS = [
  'guard_deal_id uuid',
  'guard_policy_id uuid',
  'guard_currency text',
  'guard_payment_versions int[]',
  'guard_sees_all boolean',
  'guard_owner_id uuid',
  'guard_executor_id uuid',
  'difference numeric',
] as const;

/** Of the payment `p`: it takes new lines, and its currency can have the amount. `LineRules` names what is violated. */
const TAKES_LINE = `AND p.cancelled_at IS NULL AND p.currency <> ALL ('{${FINER_CURRENCIES.join(',')}}')
  AND (i.amount = trunc(i.amount) OR p.currency <> ALL ('{${WHOLE_CURRENCIES.join(',')}}'))`;

/** The statements of one table of lines, over records of the row, {@link GUARDS} and the change. */
export class LineTable {
  readonly mapping: TableMapping<PaymentLine>;
  /** A line that is not deleted; parameters: line, payment. */
  readonly select: Statement;
  readonly inserts: GroupCommit<WrittenLine>;
  readonly updates: GroupCommit<WrittenLine>;

  constructor({ dataSource, database }: AggregateStore, kind: LineKind) {
    this.mapping = new TableMapping(dataSource.getMetadata(LINE_ENTITIES[kind]));
    const { table, selection, members } = this.mapping;
    this.select = statement(
      `SELECT ${selection} FROM ${table} WHERE id = $1::uuid AND payment_id = $2::uuid AND NOT is_deleted`,
    );
    const valueOf = (name: string): string =>
      name === 'currency' ? 'coalesce((asked).currency, (payment).currency)' : `(asked).${name}`;
    const insert = this.mapping.insertFromSql('held', valueOf);
    const update = this.mapping.updateFromSql('held', valueOf);
    const record = [...members, ...GUARDS, ...CHANGE_MEMBERS];
    this.inserts = new GroupCommit(database, record, withTotals(kind, insert, TAKES_LINE));
    this.updates = new GroupCommit(database, [...record, 'loaded_version int'], withTotals(kind, update, ''));
  }
}

/**
 * The rest of one statement for changes of lines, each of another deal. `held` locks the payments and returns
 * their latest rows, without those that are out of the caller's scope or fail the precondition. All that follows depends
 * on it. The deal is locked for share, so that a former owner receives no later event. Locks are taken in the order of
 * deals, so that two statements do not deadlock.
 *
 * Nothing that is written of payment or deal was read before the lock: totals are counted up from the locked row, and
 * the entry and the events get the currency, the ids and the audience that stand there, the payment as it is now and
 * what it was.
 * @param write of what is `held`; yields the id of each line that was written.
 * @param condition what else must hold of the payment `p`.
 */
function withTotals(kind: LineKind, write: string, condition: string): string {
  const total = `${kind}s_total`;
  return `, held AS (
       SELECT i AS asked, p AS payment, d.client_id, d.owner_id, d.executor_id
       FROM input i JOIN crm.payments p ON p.id = i.payment_id JOIN crm.deal_access d ON d.id = p.deal_id
       WHERE p.deal_id = i.guard_deal_id AND NOT p.is_deleted ${condition}
         AND (i.guard_policy_id IS NULL OR p.policy_id = i.guard_policy_id)
         AND (i.guard_currency IS NULL OR p.currency = i.guard_currency)
         AND (i.guard_payment_versions IS NULL OR p.version = ANY (i.guard_payment_versions))
         AND NOT d.is_deleted
         AND (i.guard_sees_all OR d.owner_id = i.guard_owner_id OR d.executor_id = i.guard_executor_id)
       ORDER BY i.guard_deal_id FOR NO KEY UPDATE OF p FOR SHARE OF d
     ), line AS (${write}), now AS (
       UPDATE crm.payments p SET ${total} = p.${total} + (held.asked).difference, version = p.version + 1,
         updated_at = (held.asked).change_at, updated_by_id = (held.asked).change_actor_id
       FROM held JOIN line ON line.id = (held.asked).id WHERE p.id = (held.payment).id
       RETURNING held.asked, held.payment AS before, p AS payment, held.client_id, held.owner_id, held.executor_id
     ), story AS (${storySql(kind)})${appendingEach('story', { result: 'currency' })}`;
}

/** The changes that {@link lineStory} begins, with all that stands in the rows of `now`. */
function storySql(kind: LineKind): string {
  const total = `${kind}s_total`;
  /** What a change of a line can change of its payment, when `a` and `b` are the payment before and after, or after and before. */
  const moved = (a: string, b: string): string => `(
    CASE WHEN (${a}).${total} = (${b}).${total} THEN '{}' ELSE jsonb_build_object('${total}', (${a}).${total}::text,
      'net_total', (${a}).net_total::text) END ||
    CASE WHEN (${a}).status = (${b}).status THEN '{}' ELSE jsonb_build_object('status', (${a}).status) END)`;
  return `
    SELECT (payment).currency, change_stream, change_deal_id, client_id AS change_client_id, change_actor_id, change_trace,
      change_at, change_entry_id, change_kind, change_body, ${audienceSql('owner_id', 'executor_id')} AS change_audience,
      jsonb_set(data, '{after,currency}', to_jsonb((payment).currency), false) ||
        jsonb_build_object('payment', jsonb_build_object('before', previous, 'after', present)) AS change_data,
      jsonb_build_array(
        jsonb_set(events -> 0, '{data}', ids || jsonb_set(events #> '{0,data}', '{${kind},currency}',
          to_jsonb((payment).currency))),
        jsonb_set(events -> 1, '{data}', ids || jsonb_build_object('payment', crm.payment_json(payment)::jsonb,
          'previous', previous, 'changed',
          (SELECT coalesce(jsonb_agg(field), '[]') FROM jsonb_object_keys(previous) AS field)))) AS change_events
    FROM (SELECT payment, client_id, owner_id, executor_id, (asked).change_stream, (asked).change_deal_id,
        (asked).change_actor_id, (asked).change_trace, (asked).change_at, (asked).change_entry_id, (asked).change_kind,
        (asked).change_body, (asked).change_data AS data, (asked).change_events AS events,
        jsonb_build_object('deal_id', (payment).deal_id, 'client_id', client_id, 'policy_id', (payment).policy_id,
          'payment_id', (payment).id) AS ids,
        ${moved('before', 'payment')} AS previous, ${moved('payment', 'before')} AS present
      FROM now OFFSET 0) AS both_rows`;
}
