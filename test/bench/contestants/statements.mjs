/** SQL of the baseline for Fastify and pgbench, one statement per request. */

/** Stored codes of each stage; the first one is the public one. */
export const STAGES = {
  qualification: ['qualification', 'draft'],
  negotiation: ['in_progress', 'negotiation'],
  proposal: ['proposal'],
  closedWon: ['won', 'closed_won'],
  closedLost: ['lost', 'closed_lost'],
};
const COLUMNS = `id, client_id, title, description, status, owner_id, executor_id, next_review_at, closed_at, lost_reason,
  version, created_at, updated_at, is_deleted`;

export const GET = {
  all: { name: 'get_all', text: `SELECT ${COLUMNS} FROM crm.deals WHERE id = $1 AND NOT is_deleted` },
  own: { name: 'get_own', text: `SELECT ${COLUMNS} FROM crm.deals WHERE id = $1 AND NOT is_deleted AND owner_id = $2` },
};

const AFTER = '(next_review_at, updated_at, id) > ($3::date, $4::timestamptz, $5::uuid)';
const CONDITIONS = { all: 'true', allAfter: AFTER, own: 'owner_id = $3', ownAfter: `${AFTER} AND owner_id = $6` };
const DUE = 'NOT is_deleted AND next_review_at <= $2::date';
const ORDER = 'ORDER BY next_review_at, updated_at, id';
const lists = new Map();

/**
 * Parameters: statuses, horizon; then the key of the last row of the previous page; then the caller. A user's deals are
 * read by one index; all deals are read per status, so that other statuses cost nothing. The limit is a literal: with a
 * parameter, PostgreSQL chooses no generic plan and plans each time, which costs more than the rows.
 */
export function listStatement(kind, limit) {
  const name = `list_${kind}_${limit}`;
  let known = lists.get(name);
  if (!known) {
    const source = kind.startsWith('own')
      ? `crm.deals WHERE ${DUE} AND status = ANY ($1::text[]) AND ${CONDITIONS[kind]}`
      : `unnest($1::text[]) AS s (wanted) CROSS JOIN LATERAL (
          SELECT * FROM crm.deals WHERE ${DUE} AND status = wanted AND ${CONDITIONS[kind]} ${ORDER} LIMIT ${limit}) AS d`;
    known = { name, text: `SELECT ${COLUMNS} FROM ${source} ${ORDER} LIMIT ${limit}` };
    lists.set(name, known);
  }
  return known;
}

const ZERO = `'\\x${'00'.repeat(32)}'::bytea`;

export const CREATE = {
  name: 'create_deal',
  text: `WITH client AS (
      SELECT 1 FROM crm.clients c WHERE c.id = $2::uuid AND NOT c.is_deleted AND c.merged_into_id IS NULL
        AND ($14::boolean OR c.owner_id = $13::uuid OR EXISTS (
          SELECT 1 FROM crm.deals o WHERE o.client_id = c.id AND o.owner_id = $13::uuid AND NOT o.is_deleted))
      FOR SHARE OF c
    ), deal AS (
      INSERT INTO crm.deals (id, client_id, title, description, status, owner_id, executor_id, next_review_at, version,
        created_at, updated_at)
      SELECT $1::uuid, $2::uuid, $3::varchar, $4::text, 'qualification', $5::uuid, $6::uuid, $7::date, 1, $8::timestamptz,
        $8::timestamptz FROM client RETURNING id
    ), stream AS (
      INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
      SELECT 'deals/' || id, 1, 1, ${ZERO},
        crm.journal_hash(${ZERO}, id, 1, $9::uuid, 'system', $13::uuid, 'Deal opened', $10::jsonb, $8::timestamptz)
      FROM deal RETURNING journal_hash
    ), journal AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT $9::uuid, $1::uuid, 1, 'system', $13::uuid, 'Deal opened', $10::jsonb, journal_hash, ${ZERO}, $8::timestamptz
      FROM stream
    )
    INSERT INTO crm.event_log (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id,
      audience, data)
    SELECT $11::uuid, 'deals/' || id, 1, 1, 'deal.created', $8::timestamptz, $13::uuid, $15::text, id, $2::uuid, $16::uuid[],
      $12::jsonb
    FROM deal`,
};

export const ADD_INCOME = {
  name: 'add_income',
  text: `WITH old AS (
      SELECT p.id, p.incomes_total, p.net_total, p.status, p.currency, p.policy_id, d.client_id,
        CASE WHEN coalesce(d.owner_id, d.executor_id) IS NULL THEN '{}' ELSE
          array_remove(ARRAY[d.owner_id], NULL) || ARRAY[NULL::uuid] || array_remove(ARRAY[d.executor_id], NULL)
        END AS audience
      FROM crm.payments p JOIN crm.deals d ON d.id = p.deal_id
      WHERE p.id = $2::uuid AND p.deal_id = $1::uuid AND NOT p.is_deleted AND p.cancelled_at IS NULL AND NOT d.is_deleted
        AND ($8::boolean OR d.owner_id = $7::uuid)
      FOR NO KEY UPDATE OF p FOR SHARE OF d
    ), line AS (
      INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, note, created_by_id,
        updated_by_id, version, created_at, updated_at)
      SELECT $3::uuid, id, $4::numeric, currency, $5::varchar, $6::varchar, $9::date, $10::varchar, $7::uuid, $7::uuid, 1,
        $11::timestamptz, $11::timestamptz FROM old
    ), now AS (
      UPDATE crm.payments p SET incomes_total = p.incomes_total + $4::numeric, version = p.version + 1,
        updated_at = $11::timestamptz, updated_by_id = $7::uuid
      FROM old WHERE p.id = old.id
      RETURNING p.*, jsonb_build_object('incomes_total', old.incomes_total::text, 'net_total', old.net_total::text) ||
        CASE WHEN p.status = old.status THEN '{}' ELSE jsonb_build_object('status', old.status) END AS previous,
        jsonb_build_object('incomes_total', p.incomes_total::text, 'net_total', p.net_total::text) ||
        CASE WHEN p.status = old.status THEN '{}' ELSE jsonb_build_object('status', p.status) END AS present,
        CASE WHEN p.status = old.status THEN '["net_total", "incomes_total"]'::jsonb
          ELSE '["status", "net_total", "incomes_total"]' END AS changed,
        old.client_id, old.audience
    ), change AS (
      SELECT deal_id, client_id, audience, l.line,
        jsonb_build_object('payment_id', id, 'income_id', $3::uuid, 'before', NULL, 'after', l.line, 'payment',
          jsonb_build_object('before', previous, 'after', present)) AS entry,
        jsonb_build_object('deal_id', deal_id, 'client_id', client_id, 'policy_id', policy_id, 'payment_id', id,
          'payment', jsonb_build_object('id', id, 'deal_id', deal_id, 'policy_id', policy_id, 'sequence', sequence,
            'status', status, 'planned_date', planned_date, 'planned_amount', planned_amount::text, 'currency', currency,
            'comment', comment, 'actual_date', actual_date, 'incomes_total', incomes_total::text,
            'expenses_total', expenses_total::text, 'net_total', net_total::text, 'recorded_by_id', recorded_by_id,
            'created_by_id', created_by_id, 'updated_by_id', updated_by_id, 'version', version, 'is_deleted', is_deleted,
            'created_at', crm.rfc3339(created_at), 'updated_at', $12::text),
          'previous', previous, 'changed', changed) AS payment_event,
        jsonb_build_object('deal_id', deal_id, 'client_id', client_id, 'policy_id', policy_id, 'payment_id', id,
          'income_id', $3::uuid, 'income', l.line || jsonb_build_object('income_id', $3::uuid)) AS line_event,
        currency
      FROM now, LATERAL (SELECT $13::jsonb || jsonb_build_object('currency', currency) AS line OFFSET 0) l OFFSET 0
    ), head AS (
      INSERT INTO crm.event_streams AS s
      SELECT 'deals/' || $1::uuid, 2, 1, ${ZERO}, crm.journal_hash(${ZERO}, deal_id, 1, $14::uuid, 'system', $7::uuid,
        'Income added', entry, $11::timestamptz) FROM change
      ON CONFLICT (stream) DO UPDATE SET version = s.version + 2, journal_seq = s.journal_seq + 1,
        journal_prev_hash = s.journal_hash,
        journal_hash = crm.journal_hash(s.journal_hash, $1::uuid, s.journal_seq + 1, $14::uuid, 'system', $7::uuid,
          'Income added', (SELECT entry FROM change), $11::timestamptz)
      RETURNING *
    ), journal AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT $14::uuid, deal_id, journal_seq, 'system', $7::uuid, 'Income added', entry, journal_hash, journal_prev_hash,
        $11::timestamptz FROM change, head
    ), events AS (
      INSERT INTO crm.event_log (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id,
        client_id, audience, data)
      SELECT e.id, head.stream, head.version - 1 + e.place, head.journal_seq, e.type, $11::timestamptz, $7::uuid, $16::text,
        deal_id, client_id, audience, e.data
      FROM change, head, LATERAL (VALUES (0, $15::uuid, 'deal.payment.income.created', line_event),
        (1, $17::uuid, 'deal.payment.updated', payment_event)) AS e (place, id, type, data)
    )
    SELECT currency FROM change`,
};
