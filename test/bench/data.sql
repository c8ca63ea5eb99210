-- The data: bench.deals deals, 0.4 clients and 2 payments for each, with journal and event log as the product writes
-- them. All values are computed from the number of the deal, so that a workload knows ids without a query. Statements
-- are split at lines of dashes.

SET session_replication_role = replica; -- no triggers, no foreign keys while loading: data.mjs checks afterwards
SET synchronous_commit = off;
SET work_mem = '256MB';
SET search_path = crm, public;
CREATE SCHEMA bench;
CREATE FUNCTION bench.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ('01900000-0000-7000-800' || kind || '-' || lpad(n::text, 12, '0'))::uuid;
CREATE FUNCTION bench.deals() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_setting('bench.deals')::int;
-- The dates cover the 360 days before today, evenly.
CREATE FUNCTION bench.time_of(n int) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
  RETURN date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '360 days'
    + date_trunc('milliseconds', interval '359 days' * (n::numeric / bench.deals())::float8);
--------
SELECT crm.add_partition(parent, month::date)
FROM unnest(ARRAY['event_log', 'journals']) AS parent,
  generate_series(date_trunc('month', now() - interval '361 days'), now(), interval '1 month') AS month;
--------
INSERT INTO crm.clients (id, name, kind, email, phone, tax_id, email_key, phone_key, status, owner_id, version,
  created_at, updated_at)
SELECT bench.id(1, n), CASE n % 3 WHEN 0 THEN 'ООО «Ромашка ' || n || '»' ELSE 'Иванова Мария ' || n END,
  CASE n % 3 WHEN 0 THEN 'company' ELSE 'person' END, 'client' || n || '@example.com',
  '+7 900 ' || lpad((n % 10000000)::text, 7, '0'), NULL, 'client' || n || '@example.com',
  '+7900' || lpad((n % 10000000)::text, 7, '0'), 'active', bench.id(0, n % 200), 1, at, at
FROM generate_series(0, bench.deals() * 2 / 5 - 1) AS n, LATERAL (SELECT bench.time_of(0) + n * interval '1 ms' AS at) t;
--------
INSERT INTO crm.deals (id, client_id, title, description, status, owner_id, executor_id, next_review_at, closed_at,
  version, created_at, updated_at)
SELECT bench.id(2, n), bench.id(1, n % (bench.deals() * 2 / 5)),
  (ARRAY['КАСКО', 'ОСАГО', 'ДМС', 'Имущество', 'Груз'])[1 + n % 5] || ', договор ' || n,
  CASE n % 4 WHEN 0 THEN 'Продление полиса, просил перезвонить после обеда' END, status, bench.id(0, n % 200),
  CASE n % 2 WHEN 0 THEN bench.id(0, 1000 + n % 50) END, (bench.time_of(0) + (n::bigint * 7919 % 720) * interval '1 day')::date,
  CASE WHEN status IN ('won', 'lost') THEN at END, 1, at, at
FROM generate_series(0, bench.deals() - 1) AS n,
  LATERAL (SELECT bench.time_of(n) AS at,
    (ARRAY['qualification', 'in_progress', 'proposal', 'qualification', 'in_progress', 'proposal', 'qualification',
      'in_progress', 'won', 'lost'])[1 + n % 10] AS status) t;
--------
-- The first payment of each deal has an income: the whole amount and an expense for even deals, half of it for odd ones.
INSERT INTO crm.payments (id, deal_id, sequence, planned_date, planned_amount, currency, incomes_total, expenses_total,
  created_by_id, updated_by_id, version, created_at, updated_at)
SELECT bench.id(3, n * 2 + k), bench.id(2, n), k + 1, (at + k * interval '90 days')::date, planned, 'RUB',
  CASE WHEN k = 1 THEN 0 WHEN n % 2 = 0 THEN planned ELSE planned / 2 END,
  CASE WHEN k = 0 AND n % 2 = 0 THEN 100 ELSE 0 END, bench.id(0, n % 200), bench.id(0, n % 200),
  CASE WHEN k = 1 THEN 1 WHEN n % 2 = 0 THEN 3 ELSE 2 END, at + interval '1 min',
  at + CASE WHEN k = 1 THEN interval '1 min' WHEN n % 2 = 0 THEN interval '3 min' ELSE interval '2 min' END
FROM generate_series(0, bench.deals() - 1) AS n, generate_series(0, 1) AS k,
  LATERAL (SELECT bench.time_of(n) AS at, (10000 + n % 5000 * 2)::numeric(14, 2) AS planned) t
ORDER BY n, k;
INSERT INTO crm.payment_sequences (deal_id, policy_id, last)
SELECT id, '00000000-0000-0000-0000-000000000000', 2 FROM crm.deals ORDER BY id;
--------
INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, created_by_id,
  updated_by_id, version, created_at, updated_at)
SELECT bench.id(4, n), p.id, p.incomes_total, 'RUB', 'premium', 'premium', p.planned_date, p.created_by_id,
  p.created_by_id, 1, p.created_at + interval '1 min', p.created_at + interval '1 min'
FROM generate_series(0, bench.deals() - 1) AS n JOIN crm.payments p ON p.id = bench.id(3, n * 2) ORDER BY n;
INSERT INTO crm.payment_expenses (id, payment_id, amount, currency, category, nature, posted_at, created_by_id,
  updated_by_id, version, created_at, updated_at)
SELECT bench.id(5, n), p.id, p.expenses_total, 'RUB', 'payout', 'payout', p.planned_date, p.created_by_id,
  p.created_by_id, 1, p.created_at + interval '2 min', p.created_at + interval '2 min'
FROM generate_series(0, bench.deals() - 1, 2) AS n JOIN crm.payments p ON p.id = bench.id(3, n * 2) ORDER BY n;
--------
ANALYZE crm.clients, crm.deals, crm.payments, crm.payment_incomes, crm.payment_expenses;
--------
-- Owners as in the API, and the payment after each of its changes.
CREATE UNLOGGED TABLE bench.facts AS
SELECT n, d.id AS deal_id, d.client_id, d.owner_id, 'deals/' || d.id AS stream, d.created_at AS at,
  CASE WHEN coalesce(d.owner_id, d.executor_id) IS NULL THEN '{}' ELSE
    array_remove(ARRAY[d.owner_id], NULL) || ARRAY[NULL::uuid] || array_remove(ARRAY[d.executor_id], NULL)
  END AS audience,
  jsonb_build_object('id', d.id, 'client_id', d.client_id, 'title', d.title, 'description', d.description,
    'status', d.status, 'stage', CASE d.status WHEN 'in_progress' THEN 'negotiation' WHEN 'won' THEN 'closedWon'
      WHEN 'lost' THEN 'closedLost' ELSE d.status END,
    'owner_id', d.owner_id, 'executor_id', d.executor_id, 'next_review_at', d.next_review_at,
    'closed_at', crm.rfc3339(d.closed_at), 'lost_reason', d.lost_reason, 'version', 1,
    'created_at', crm.rfc3339(d.created_at), 'updated_at', crm.rfc3339(d.updated_at), 'is_deleted', false) AS deal,
  p0.id AS payment0, p1.id AS payment1, i.id AS income_id, e.id AS expense_id,
  jsonb_build_object('status', 'scheduled', 'incomes_total', '0.00', 'expenses_total', '0.00', 'net_total', '0.00',
    'version', 1, 'updated_at', crm.rfc3339(p0.created_at)) AS planned,
  jsonb_build_object('expenses_total', '0.00', 'net_total', p0.incomes_total::text, 'version', 2,
    'updated_at', crm.rfc3339(i.created_at)) AS paid,
  crm.payment_json(p0)::jsonb AS settled, crm.payment_json(p1)::jsonb AS second,
  crm.payment_line_json(i)::jsonb AS income, crm.payment_line_json(e)::jsonb AS expense
FROM generate_series(0, bench.deals() - 1) AS n
  JOIN crm.deals d ON d.id = bench.id(2, n)
  JOIN crm.payments p0 ON p0.id = bench.id(3, n * 2)
  JOIN crm.payments p1 ON p1.id = bench.id(3, n * 2 + 1)
  JOIN crm.payment_incomes i ON i.id = bench.id(4, n)
  LEFT JOIN crm.payment_expenses e ON e.id = bench.id(5, n)
ORDER BY n;
ANALYZE bench.facts;
--------
-- The fields of a payment that a line changed, before and after it.
CREATE FUNCTION bench.change(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN jsonb_build_object('before', before,
    'after', (SELECT jsonb_object_agg(key, after -> key) FROM jsonb_object_keys(before) AS key));
-- All changes of a deal: journal entries with their first event and, for lines, the payment's own as the second.
CREATE FUNCTION bench.changes_of(f bench.facts) RETURNS TABLE (ordinal int, after interval, body text, entry jsonb,
  type text, event jsonb, second_event jsonb) LANGUAGE sql STABLE AS $$
  SELECT s.* FROM (
    SELECT ids, ids || jsonb_build_object('policy_id', NULL, 'payment_id', f.payment0) AS payment_ids,
      f.settled || f.planned AS planned, f.settled || f.paid AS paid,
      jsonb_build_object('incomes_total', '0.00', 'net_total', '0.00', 'status', 'scheduled') AS unpaid,
      jsonb_build_object('expenses_total', '0.00', 'net_total', f.paid -> 'net_total') AS unspent
    FROM (SELECT jsonb_build_object('deal_id', f.deal_id, 'client_id', f.client_id) AS ids OFFSET 0) i OFFSET 0
  ) i, LATERAL (VALUES
    (1, interval '0', 'Deal opened', jsonb_build_object('before', NULL, 'after', f.deal),
      'deal.created', i.ids || jsonb_build_object('deal', f.deal), NULL::jsonb),
    (2, interval '1 min', 'Payment added', jsonb_build_object('payment_id', f.payment0, 'before', NULL,
        'after', i.planned),
      'deal.payment.created', i.payment_ids || jsonb_build_object('payment', i.planned), NULL),
    (3, interval '1 min', 'Payment added', jsonb_build_object('payment_id', f.payment1, 'before', NULL,
        'after', f.second),
      'deal.payment.created', i.payment_ids || jsonb_build_object('payment_id', f.payment1, 'payment', f.second), NULL),
    (4, interval '2 min', 'Income added', jsonb_build_object('payment_id', f.payment0, 'income_id', f.income_id,
        'before', NULL, 'after', f.income, 'payment', bench.change(i.unpaid, i.paid)),
      'deal.payment.income.created', i.payment_ids || jsonb_build_object('income_id', f.income_id,
        'income', jsonb_build_object('income_id', f.income_id) || f.income),
      i.payment_ids || jsonb_build_object('payment', i.paid, 'previous', i.unpaid,
        'changed', '["status", "net_total", "incomes_total"]'::jsonb)),
    (5, interval '3 min', 'Expense added', jsonb_build_object('payment_id', f.payment0, 'expense_id', f.expense_id,
        'before', NULL, 'after', f.expense, 'payment', bench.change(i.unspent, f.settled)),
      'deal.payment.expense.created', i.payment_ids || jsonb_build_object('expense_id', f.expense_id,
        'expense', jsonb_build_object('expense_id', f.expense_id) || f.expense),
      i.payment_ids || jsonb_build_object('payment', f.settled, 'previous', i.unspent,
        'changed', '["net_total", "expenses_total"]'::jsonb))
  ) AS s (ordinal, after, body, entry, type, event, second_event)
  WHERE s.ordinal < 5 OR f.expense_id IS NOT NULL
$$;
-- Hash chain of a deal's entries: each hash includes the previous one.
CREATE FUNCTION bench.next_hash(hash bytea, deal_id uuid, seq int, id uuid, kind text, author_id uuid, body text,
  data jsonb, at timestamptz) RETURNS bytea LANGUAGE sql STABLE
  RETURN crm.journal_hash(hash, deal_id, seq, id, kind, author_id, body, data, at);
CREATE AGGREGATE bench.chain(uuid, int, uuid, text, uuid, text, jsonb, timestamptz) (
  SFUNC = bench.next_hash, STYPE = bytea,
  INITCOND = '\x0000000000000000000000000000000000000000000000000000000000000000');
--------
INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
SELECT j.id, f.deal_id, j.ordinal, 'system', f.owner_id, j.body, j.entry, j.hash,
  coalesce(lag(j.hash) OVER (PARTITION BY f.n ORDER BY j.ordinal), decode(repeat('00', 32), 'hex')), j.at
FROM bench.facts f, LATERAL (
  SELECT s.*, bench.chain(f.deal_id, s.ordinal, s.id, 'system', f.owner_id, s.body, s.entry, s.at)
    OVER (ORDER BY s.ordinal) AS hash
  FROM (SELECT ordinal, body, entry, bench.id(7, f.n::bigint * 8 + ordinal) AS id, f.at + after AS at
    FROM bench.changes_of(f)) s) j;
--------
INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
SELECT f.stream, CASE j.seq WHEN 5 THEN 7 ELSE 5 END, j.seq, j.prev_hash, j.hash
FROM bench.facts f JOIN crm.journals j ON j.deal_id = f.deal_id AND j.seq = CASE WHEN f.expense_id IS NULL THEN 4 ELSE 5 END
ORDER BY f.stream;
--------
INSERT INTO crm.event_log (id, position, stream, stream_version, journal_seq, type, time, actor_id, deal_id, client_id,
  audience, data)
SELECT bench.id(6, f.n::bigint * 8 + e.version), row_number() OVER (), f.stream, e.version, s.ordinal, e.type,
  f.at + s.after, f.owner_id, f.deal_id, f.client_id, f.audience, e.data
FROM bench.facts f, LATERAL bench.changes_of(f) s,
  LATERAL (VALUES (CASE s.ordinal WHEN 5 THEN 6 ELSE s.ordinal END, s.type, s.event),
    (CASE s.ordinal WHEN 5 THEN 7 ELSE 5 END, 'deal.payment.updated', s.second_event)) AS e (version, type, data)
WHERE e.data IS NOT NULL;
UPDATE crm.event_cursors SET position = (SELECT max(position) FROM crm.event_log) WHERE name = 'sequencer';
INSERT INTO crm.event_cursors (name, position) SELECT 'rabbitmq', position FROM crm.event_cursors WHERE name = 'sequencer';
DROP TABLE bench.facts CASCADE;
