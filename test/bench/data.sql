-- The book: so many deals as the setting bench.deals says, 0.4 clients and 2 payments for each, with the journal and the
-- log that the product would have written. Everything follows from the number of the deal, so that a workload can name
-- rows without asking for them. Statements are split at lines of dashes.

SET session_replication_role = replica; -- no triggers, no foreign keys while loading: data.mjs checks afterwards
SET synchronous_commit = off;
SET work_mem = '256MB';
SET search_path = crm, public;
CREATE SCHEMA bench;
CREATE FUNCTION bench.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ('01900000-0000-7000-800' || kind || '-' || lpad(n::text, 12, '0'))::uuid;
CREATE FUNCTION bench.deals() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_setting('bench.deals')::int;
-- The book covers the 360 days before today, evenly.
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
  '7900' || lpad((n % 10000000)::text, 7, '0'), 'active', bench.id(0, n % 200), 1, at, at
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
-- Who owns what, and everything that happened, as the API shows it; the payment as it was after each of its changes.
CREATE VIEW bench.facts AS
SELECT n, d.id AS deal_id, d.client_id, d.owner_id, 'deals/' || d.id AS stream, d.created_at AS at,
  array_remove(ARRAY[d.owner_id, d.executor_id], NULL) AS audience,
  jsonb_build_object('id', d.id, 'client_id', d.client_id, 'title', d.title, 'description', d.description,
    'status', d.status, 'stage', CASE d.status WHEN 'in_progress' THEN 'negotiation' WHEN 'won' THEN 'closedWon'
      WHEN 'lost' THEN 'closedLost' ELSE d.status END,
    'owner_id', d.owner_id, 'executor_id', d.executor_id, 'next_review_at', d.next_review_at,
    'closed_at', crm.rfc3339(d.closed_at), 'lost_reason', d.lost_reason, 'version', 1,
    'created_at', crm.rfc3339(d.created_at), 'updated_at', crm.rfc3339(d.updated_at), 'is_deleted', false) AS deal,
  p0.was || s.planned AS planned0, p1.was AS planned1, p0.was || s.paid AS paid, p0.was AS settled,
  crm.payment_line_json(i)::jsonb AS income, crm.payment_line_json(e)::jsonb AS expense, e.id AS expense_id,
  p0.id AS payment0, p1.id AS payment1, i.id AS income_id
FROM generate_series(0, bench.deals() - 1) AS n
  JOIN crm.deals d ON d.id = bench.id(2, n)
  JOIN LATERAL (SELECT p.*, crm.payment_json(p)::jsonb AS was FROM crm.payments p WHERE p.id = bench.id(3, n * 2)) p0 ON true
  JOIN LATERAL (SELECT p.*, crm.payment_json(p)::jsonb AS was FROM crm.payments p WHERE p.id = bench.id(3, n * 2 + 1)) p1 ON true
  JOIN crm.payment_incomes i ON i.id = bench.id(4, n)
  LEFT JOIN crm.payment_expenses e ON e.id = bench.id(5, n)
  CROSS JOIN LATERAL (SELECT
    jsonb_build_object('status', 'scheduled', 'incomes_total', '0.00', 'expenses_total', '0.00', 'net_total', '0.00',
      'version', 1, 'updated_at', crm.rfc3339(p0.created_at)) AS planned,
    jsonb_build_object('expenses_total', '0.00', 'net_total', p0.incomes_total::text, 'version', 2,
      'updated_at', crm.rfc3339(i.created_at)) AS paid) s;

-- `ordinal` is the number of the journal entry; an entry with two events has them in the order of `data` and `second`.
CREATE VIEW bench.story AS
SELECT f.n, f.deal_id, f.client_id, f.owner_id, f.stream, f.audience, f.at + s.after AS at, s.*
FROM bench.facts f, LATERAL (
  SELECT f.stream AS of, ids, ids || jsonb_build_object('policy_id', NULL, 'payment_id', f.payment0) AS line_ids,
    jsonb_build_object('incomes_total', '0.00', 'net_total', '0.00', 'status', 'scheduled') AS before_income,
    jsonb_build_object('expenses_total', '0.00', 'net_total', f.paid -> 'net_total') AS before_expense
  FROM (SELECT jsonb_build_object('deal_id', f.deal_id, 'client_id', f.client_id) AS ids) i
) i, LATERAL (VALUES
  (1, interval '0', 'Deal opened', jsonb_build_object('before', NULL, 'after', f.deal),
    'deal.created', i.ids || jsonb_build_object('deal', f.deal), NULL::jsonb),
  (2, interval '1 min', 'Payment added', jsonb_build_object('payment_id', f.payment0, 'before', NULL, 'after', f.planned0),
    'deal.payment.created', i.line_ids || jsonb_build_object('payment', f.planned0), NULL),
  (3, interval '1 min', 'Payment added', jsonb_build_object('payment_id', f.payment1, 'before', NULL, 'after', f.planned1),
    'deal.payment.created', i.line_ids || jsonb_build_object('payment_id', f.payment1, 'payment', f.planned1), NULL),
  (4, interval '2 min', 'Income added', jsonb_build_object('payment_id', f.payment0, 'income_id', f.income_id,
      'before', NULL, 'after', f.income, 'payment', jsonb_build_object('before', i.before_income,
        'after', (SELECT jsonb_object_agg(key, f.paid -> key) FROM jsonb_object_keys(i.before_income) AS key))),
    'deal.payment.income.created', i.line_ids || jsonb_build_object('income_id', f.income_id,
      'income', jsonb_build_object('income_id', f.income_id) || f.income),
    i.line_ids || jsonb_build_object('payment', f.paid, 'previous', i.before_income,
      'changed', (SELECT jsonb_agg(key) FROM jsonb_object_keys(i.before_income) AS key))),
  (5, interval '3 min', 'Expense added', jsonb_build_object('payment_id', f.payment0, 'expense_id', f.expense_id,
      'before', NULL, 'after', f.expense, 'payment', jsonb_build_object('before', i.before_expense,
        'after', (SELECT jsonb_object_agg(key, f.settled -> key) FROM jsonb_object_keys(i.before_expense) AS key))),
    'deal.payment.expense.created', i.line_ids || jsonb_build_object('expense_id', f.expense_id,
      'expense', jsonb_build_object('expense_id', f.expense_id) || f.expense),
    i.line_ids || jsonb_build_object('payment', f.settled, 'previous', i.before_expense,
      'changed', (SELECT jsonb_agg(key) FROM jsonb_object_keys(i.before_expense) AS key)))
) AS s (ordinal, after, body, entry, type, data, second)
WHERE s.ordinal < 5 OR f.expense_id IS NOT NULL;
--------
-- Hash by hash: the entry before each is in the chain already.
CREATE UNLOGGED TABLE bench.chain (n int, ordinal int, id uuid, deal_id uuid, owner_id uuid, body text, data jsonb,
  at timestamptz, prev_hash bytea, hash bytea);
INSERT INTO bench.chain
WITH RECURSIVE entries AS MATERIALIZED (
  SELECT n, deal_id, owner_id, array_agg(body ORDER BY ordinal) AS bodies, array_agg(entry ORDER BY ordinal) AS entries,
    array_agg(at ORDER BY ordinal) AS times FROM bench.story GROUP BY n, deal_id, owner_id
), chain AS (
  SELECT n, 1 AS ordinal, decode(repeat('00', 32), 'hex') AS prev_hash,
    crm.journal_hash(decode(repeat('00', 32), 'hex'), deal_id, 1, bench.id(7, n::bigint * 8 + 1), 'system', owner_id,
      bodies[1], entries[1], times[1]) AS hash, deal_id, owner_id, bodies, entries, times FROM entries
  UNION ALL
  SELECT n, ordinal + 1, hash, crm.journal_hash(hash, deal_id, ordinal + 1, bench.id(7, n::bigint * 8 + ordinal + 1),
    'system', owner_id, bodies[ordinal + 1], entries[ordinal + 1], times[ordinal + 1]),
    deal_id, owner_id, bodies, entries, times FROM chain WHERE ordinal < cardinality(bodies)
)
SELECT n, ordinal, bench.id(7, n::bigint * 8 + ordinal), deal_id, owner_id, bodies[ordinal], entries[ordinal],
  times[ordinal], prev_hash, hash FROM chain;
--------
INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
SELECT id, deal_id, ordinal, 'system', owner_id, body, data, hash, prev_hash, at FROM bench.chain ORDER BY n, ordinal;
--------
INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
SELECT DISTINCT ON (n) 'deals/' || deal_id, CASE ordinal WHEN 5 THEN 7 ELSE 5 END, ordinal, prev_hash, hash
FROM bench.chain ORDER BY n, ordinal DESC;
DROP TABLE bench.chain;
--------
INSERT INTO crm.event_log (id, seq, position, stream, stream_version, journal_seq, type, time, actor_id, deal_id,
  client_id, audience, data)
SELECT bench.id(6, n::bigint * 8 + version), place, place, stream, version, ordinal, type, at, owner_id, deal_id, client_id,
  audience, data
FROM (
  SELECT s.*, e.*, row_number() OVER (ORDER BY n, version) AS place
  FROM (SELECT n, ordinal, stream, at, owner_id, deal_id, client_id, audience, data AS first, second, type AS first_type
    FROM bench.story) s,
    LATERAL (VALUES (ordinal + greatest(ordinal - 4, 0), first_type, first),
      (6 + 2 * (ordinal - 4) - 1, 'deal.payment.updated', second)) AS e (version, type, data)
  WHERE e.data IS NOT NULL
) numbered
ORDER BY place;
SELECT setval('crm.event_log_seq', (SELECT max(seq) FROM crm.event_log));
UPDATE crm.event_cursors SET position = (SELECT max(position) FROM crm.event_log) WHERE name = 'sequencer';
INSERT INTO crm.event_cursors (name, position) SELECT 'rabbitmq', position FROM crm.event_cursors WHERE name = 'sequencer';
