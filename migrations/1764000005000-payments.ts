import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments with their lines, and the totals that PostgreSQL maintains. */
export class Payments1764000005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(TOTALS);
    await runner.query(SHAPES);
    await runner.query(CONTRACTS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}

const TABLES = `
  CREATE TABLE crm.payment_sequences (
    deal_id   uuid NOT NULL,
    policy_id uuid NOT NULL,
    last      int  NOT NULL,
    PRIMARY KEY (deal_id, policy_id)
  );
  COMMENT ON TABLE crm.payment_sequences IS
    'The last sequence given per deal and policy (all zeros: without a policy); its row lock makes them one by one.';

  CREATE TABLE crm.payments (
    id             uuid          PRIMARY KEY,
    deal_id        uuid          NOT NULL CONSTRAINT payments_deal_fkey REFERENCES crm.deals (id),
    policy_id      uuid          CONSTRAINT payments_policy_fkey REFERENCES crm.policies (id),
    sequence       int           NOT NULL CONSTRAINT payments_sequence_check CHECK (sequence > 0),
    planned_date   date          NOT NULL,
    actual_date    date,
    planned_amount numeric(14,2) NOT NULL
      CONSTRAINT payments_planned_amount_check CHECK (planned_amount > 0 AND planned_amount <> 'NaN'),
    currency       char(3)       NOT NULL CONSTRAINT payments_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    comment        varchar(500),
    incomes_total  numeric(14,2) NOT NULL DEFAULT 0
      CONSTRAINT payments_incomes_total_check CHECK (incomes_total >= 0 AND incomes_total <> 'NaN'),
    expenses_total numeric(14,2) NOT NULL DEFAULT 0
      CONSTRAINT payments_expenses_total_check CHECK (expenses_total >= 0 AND expenses_total <> 'NaN'),
    net_total      numeric(14,2) NOT NULL GENERATED ALWAYS AS (incomes_total - expenses_total) STORED,
    cancelled_at   timestamptz,
    status         varchar(16)   NOT NULL GENERATED ALWAYS AS (
      CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled'
           WHEN incomes_total = 0 THEN 'scheduled'
           WHEN incomes_total < planned_amount THEN 'partially_paid'
           ELSE 'paid' END) STORED,
    recorded_by_id uuid,
    created_by_id  uuid          NOT NULL,
    updated_by_id  uuid          NOT NULL,
    version        int           NOT NULL CONSTRAINT payments_version_check CHECK (version > 0),
    is_deleted     boolean       NOT NULL DEFAULT false,
    deleted_at     timestamptz,
    deleted_by_id  uuid,
    created_at     timestamptz   NOT NULL,
    updated_at     timestamptz   NOT NULL,
    CONSTRAINT payments_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL)),
    CONSTRAINT payments_deleted_empty_check CHECK (NOT is_deleted OR (incomes_total = 0 AND expenses_total = 0)),
    CONSTRAINT payments_actual_date_check CHECK (actual_date >= planned_date),
    CONSTRAINT payments_recorded_check CHECK (recorded_by_id IS NULL OR actual_date IS NOT NULL)
  ) WITH (fillfactor = 80);
  COMMENT ON COLUMN crm.payments.recorded_by_id IS 'Who confirmed it; null until then.';
  CREATE UNIQUE INDEX payments_sequence_key ON crm.payments (deal_id, policy_id, sequence) NULLS NOT DISTINCT;
  CREATE INDEX payments_deal_idx ON crm.payments (deal_id, planned_date, id) WHERE NOT is_deleted;
  CREATE INDEX payments_policy_idx ON crm.payments (policy_id) WHERE policy_id IS NOT NULL AND NOT is_deleted;
  CREATE INDEX payments_planned_idx ON crm.payments (planned_date, id) WHERE NOT is_deleted AND cancelled_at IS NULL;

  ${['income', 'expense'].map(linesTable).join('\n')}
`;

function linesTable(kind: string): string {
  const table = `payment_${kind}s`;
  return `
  CREATE TABLE crm.${table} (
    id            uuid          PRIMARY KEY,
    payment_id    uuid          NOT NULL CONSTRAINT ${table}_payment_fkey REFERENCES crm.payments (id),
    amount        numeric(14,2) NOT NULL CONSTRAINT ${table}_amount_check CHECK (amount > 0 AND amount <> 'NaN'),
    currency      char(3)       NOT NULL CONSTRAINT ${table}_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    category      varchar(64)   NOT NULL CONSTRAINT ${table}_category_check CHECK (char_length(category) BETWEEN 1 AND 64),
    nature        varchar(16)   NOT NULL CONSTRAINT ${table}_nature_check CHECK (
      nature IN ('premium', 'commission', 'discount', 'payout', 'fee', 'refund', 'other')),
    posted_at     date          NOT NULL,
    note          varchar(300),
    created_by_id uuid          NOT NULL,
    updated_by_id uuid          NOT NULL,
    version       int           NOT NULL CONSTRAINT ${table}_version_check CHECK (version > 0),
    is_deleted    boolean       NOT NULL DEFAULT false,
    deleted_at    timestamptz,
    deleted_by_id uuid,
    created_at    timestamptz   NOT NULL,
    updated_at    timestamptz   NOT NULL,
    CONSTRAINT ${table}_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL))
  );
  COMMENT ON COLUMN crm.${table}.nature IS 'Tells the client''s money in transit from the broker''s own.';
  CREATE INDEX ${table}_payment_idx ON crm.${table} (payment_id) INCLUDE (amount, currency) WHERE NOT is_deleted;`;
}

const TOTALS = `
  CREATE FUNCTION crm.refuse_untrue_totals() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    subject uuid := CASE WHEN TG_TABLE_NAME = 'payments' THEN NEW.id ELSE NULL END;
    payment crm.payments;
    lines   record;
  BEGIN
    IF subject IS NULL THEN
      subject := coalesce(NEW.payment_id, OLD.payment_id);
    END IF;
    SELECT * INTO payment FROM crm.payments WHERE id = subject;
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
    SELECT (SELECT coalesce(sum(amount), 0) FROM crm.payment_incomes WHERE payment_id = subject AND NOT is_deleted) AS incomes,
           (SELECT coalesce(sum(amount), 0) FROM crm.payment_expenses WHERE payment_id = subject AND NOT is_deleted) AS expenses,
           EXISTS (SELECT FROM crm.payment_incomes
             WHERE payment_id = subject AND NOT is_deleted AND currency <> payment.currency)
           OR EXISTS (SELECT FROM crm.payment_expenses
             WHERE payment_id = subject AND NOT is_deleted AND currency <> payment.currency) AS foreign_currency
      INTO lines;
    IF lines.incomes <> payment.incomes_total OR lines.expenses <> payment.expenses_total OR lines.foreign_currency THEN
      RAISE EXCEPTION 'payment % does not equal its lines: incomes % of %, expenses % of %, currency %', subject,
        payment.incomes_total, lines.incomes, payment.expenses_total, lines.expenses, payment.currency
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_totals_true';
    END IF;
    RETURN NULL;
  END $$;
  COMMENT ON FUNCTION crm.refuse_untrue_totals IS
    'At commit, whatever wrote: a payment''s totals are the sums of its live lines, all in its currency.';

  CREATE CONSTRAINT TRIGGER payments_totals_true AFTER INSERT OR UPDATE OF incomes_total, expenses_total, currency
    ON crm.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.refuse_untrue_totals();
  CREATE CONSTRAINT TRIGGER payment_incomes_totals_true AFTER INSERT OR UPDATE OR DELETE
    ON crm.payment_incomes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.refuse_untrue_totals();
  CREATE CONSTRAINT TRIGGER payment_expenses_totals_true AFTER INSERT OR UPDATE OR DELETE
    ON crm.payment_expenses DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.refuse_untrue_totals();

  CREATE FUNCTION crm.refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'crm.%: money facts are never removed, only marked as deleted', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END $$;
  ${['payments', 'payment_incomes', 'payment_expenses']
    .map(
      (table) => `
  CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON crm.${table}
    FOR EACH ROW EXECUTE FUNCTION crm.refuse_removal();
  CREATE TRIGGER ${table}_no_truncate BEFORE TRUNCATE ON crm.${table}
    FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_removal();`,
    )
    .join('\n')}
`;

const SHAPES = `
  CREATE FUNCTION crm.rfc3339(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

  CREATE FUNCTION crm.payment_json(p crm.payments) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object('id', p.id, 'deal_id', p.deal_id, 'policy_id', p.policy_id, 'sequence', p.sequence,
      'status', p.status, 'planned_date', p.planned_date, 'planned_amount', p.planned_amount::text,
      'currency', p.currency, 'comment', p.comment, 'actual_date', p.actual_date,
      'incomes_total', p.incomes_total::text, 'expenses_total', p.expenses_total::text,
      'net_total', p.net_total::text, 'recorded_by_id', p.recorded_by_id, 'created_by_id', p.created_by_id,
      'updated_by_id', p.updated_by_id, 'version', p.version, 'is_deleted', p.is_deleted,
      'created_at', crm.rfc3339(p.created_at), 'updated_at', crm.rfc3339(p.updated_at));
  COMMENT ON FUNCTION crm.payment_json IS 'A payment as the REST API and the events show it.';

  ${['incomes', 'expenses']
    .map(
      (lines) => `
  CREATE FUNCTION crm.payment_line_json(l crm.payment_${lines}) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object('id', l.id, 'payment_id', l.payment_id, 'amount', l.amount::text, 'currency', l.currency,
      'category', l.category, 'nature', l.nature, 'posted_at', l.posted_at, 'note', l.note,
      'created_by_id', l.created_by_id, 'updated_by_id', l.updated_by_id, 'version', l.version,
      'is_deleted', l.is_deleted, 'created_at', crm.rfc3339(l.created_at), 'updated_at', crm.rfc3339(l.updated_at));`,
    )
    .join('\n')}
`;

const CONTRACTS = `
  CREATE VIEW crm.deal_access AS
    SELECT id, client_id, owner_id, executor_id, is_deleted FROM crm.deals;
  COMMENT ON VIEW crm.deal_access IS 'What deals show to the SQL of their parts: whose a deal is and who carries it out.';

  CREATE VIEW crm.deal_planned_money AS
    SELECT deal_id, currency, planned_amount AS amount FROM crm.payments WHERE NOT is_deleted AND cancelled_at IS NULL;
  COMMENT ON VIEW crm.deal_planned_money IS
    'What payments show to the SQL of deals: planned money, one row for each payment neither cancelled nor deleted.';
`;
