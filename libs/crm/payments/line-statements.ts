import type { Scope } from '#platform/auth';
import { scopePredicate } from '#platform/auth';
import { appendingOne, audienceSql, oneChangeParameters, type OneChangeSql } from '#platform/messaging';
import { statement, type Statement, TableMapping } from '#platform/persistence';
import type { DataSource } from 'typeorm';
import type { LineKind } from './contracts.js';
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

/** The statements of one table of lines. */
export class LineTable {
  readonly mapping: TableMapping<PaymentLine>;
  /** A line that is not deleted; parameters: line, payment. */
  readonly select: Statement;
  /** Parameters of both: the row's own, then those of {@link withTotals}. */
  readonly insert: Statement;
  readonly update: Statement;

  constructor(dataSource: DataSource, kind: LineKind) {
    this.mapping = new TableMapping(dataSource.getMetadata(LINE_ENTITIES[kind]));
    const { table, selection, insertParameterCount, updateParameterCount } = this.mapping;
    this.select = statement(
      `SELECT ${selection} FROM ${table} WHERE id = $1::uuid AND payment_id = $2::uuid AND NOT is_deleted`,
    );
    const insert = this.mapping.insertSql('old', { currency: '(old.payment).currency' });
    this.insert = withTotals(kind, insert, insertParameterCount);
    this.update = withTotals(kind, this.mapping.updateSql('EXISTS (SELECT FROM old)'), updateParameterCount);
  }
}

/**
 * One statement for a whole change of a line. `old` locks the payment and holds its latest row, or nothing when the
 * change may not be made: it is out of the caller's scope, or not what the caller takes it for. All that follows depends
 * on it. The deal is held for share, so that nobody who has lost it is told of what comes after.
 *
 * Nothing that is written of payment or deal was read before the lock: totals are counted up from the locked row, and
 * the entry and the events get the currency, the ids and the audience that stand there, the payment as it is now and
 * what it was.
 * @param write yields one row when the line was written.
 * @param own how many parameters `write` takes.
 */
function withTotals(kind: LineKind, write: string, own: number): Statement {
  const guards = 10;
  const [id, deal, policy, currency, seesAll, owner, executor, isNew, versions, difference] = Array.from(
    { length: guards },
    (_, index) => `$${own + index + 1}`,
  );
  const change = oneChangeParameters('story', own + guards + 1);
  const { actorId, at, entry, clientId, audience } = change;
  const total = `${kind}s_total`;
  return statement(
    `WITH old AS (
       SELECT p AS payment, d.client_id, d.owner_id, d.executor_id
       FROM crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id
       WHERE p.id = ${id}::uuid AND p.deal_id = ${deal}::uuid AND NOT p.is_deleted
         AND (${policy}::uuid IS NULL OR p.policy_id = ${policy}::uuid)
         AND (${currency}::text IS NULL OR p.currency = ${currency}::text)
         AND (p.cancelled_at IS NULL OR NOT ${isNew}::boolean)
         AND (${versions}::int[] IS NULL OR p.version = ANY (${versions}::int[]))
         AND NOT d.is_deleted
         AND (${seesAll}::boolean OR d.owner_id = ${owner}::uuid OR d.executor_id = ${executor}::uuid)
       FOR NO KEY UPDATE OF p FOR SHARE OF d
     ), line AS (${write}), now AS (
       UPDATE crm.payments p SET ${total} = p.${total} + ${difference}::numeric, version = p.version + 1,
         updated_at = ${at}, updated_by_id = ${actorId}
       FROM old, line WHERE p.id = (old.payment).id RETURNING p AS payment
     ), story AS (${storySql(kind, change)})${appendingOne({
       ...change,
       clientId: `coalesce(${clientId}, (SELECT client_id FROM story))`,
       audience: `(${audience} || (SELECT audience FROM story))`,
       events: '(SELECT events FROM story)',
       eventCount: '2',
       entry: { ...entry, data: '(SELECT entry FROM story)' },
       result: '(SELECT currency FROM story)',
     })}`,
  );
}

/** What `lineStory` begins, with all that stands in the rows `old` and `now`. */
function storySql(kind: LineKind, { events, entry }: OneChangeSql): string {
  const total = `${kind}s_total`;
  /** What a change of a line can change of its payment, when `a` and `b` are the payment before and after, or after and before. */
  const moved = (a: string, b: string): string => `(
    CASE WHEN (${a}).${total} = (${b}).${total} THEN '{}' ELSE jsonb_build_object('${total}', (${a}).${total}::text,
      'net_total', (${a}).net_total::text) END ||
    CASE WHEN (${a}).status = (${b}).status THEN '{}' ELSE jsonb_build_object('status', (${a}).status) END)`;
  return `
    SELECT (payment).currency, client_id, audience,
      jsonb_set(${entry.data}, '{after,currency}', to_jsonb((payment).currency), false) ||
        jsonb_build_object('payment', jsonb_build_object('before', previous, 'after', present)) AS entry,
      jsonb_build_array(
        jsonb_set(${events} -> 0, '{data}', ids || jsonb_set(${events} #> '{0,data}', '{${kind},currency}',
          to_jsonb((payment).currency))),
        jsonb_set(${events} -> 1, '{data}', ids || jsonb_build_object('payment', crm.payment_json(payment)::jsonb,
          'previous', previous, 'changed',
          (SELECT coalesce(jsonb_agg(field), '[]') FROM jsonb_object_keys(previous) AS field)))) AS events
    FROM (SELECT now.payment, old.client_id,
        ${audienceSql('old.owner_id', 'old.executor_id')} AS audience,
        jsonb_build_object('deal_id', (now.payment).deal_id, 'client_id', old.client_id,
          'policy_id', (now.payment).policy_id, 'payment_id', (now.payment).id) AS ids,
        ${moved('old.payment', 'now.payment')} AS previous, ${moved('now.payment', 'old.payment')} AS present
      FROM old, now OFFSET 0) AS both_rows`;
}
