import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What analytics read: views that stay as they are while the tables behind them change, and a role for them alone. */
export class Reports1764000008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SCHEMA);
    await runner.query(DEALS);
    await runner.query(INSURERS);
    await runner.query(MONEY);
    await runner.query(ROLE);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}

/** The first day of an instant's month where the business is. */
const monthOf = (instant: string): string =>
  `date_trunc('month', ${instant} AT TIME ZONE coalesce(nullif(current_setting('crm.timezone', true), ''), 'Europe/Moscow'))::date`;

const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS crm_reports;
  COMMENT ON SCHEMA crm_reports IS
    'What reports and analytics may read. Columns are only added; their meaning does not change.';
`;

const DEALS = `
  CREATE VIEW crm_reports.deals_by_stage_and_month AS
    SELECT ${monthOf('d.created_at')} AS month,
           CASE WHEN d.status IN ('qualification', 'draft') THEN 'qualification'
                WHEN d.status IN ('in_progress', 'negotiation') THEN 'negotiation'
                WHEN d.status IN ('won', 'closed_won') THEN 'closedWon'
                WHEN d.status IN ('lost', 'closed_lost') THEN 'closedLost'
                ELSE d.status END::text AS stage,
           count(*) AS deals,
           round(avg(extract(epoch FROM d.closed_at - d.created_at) / 86400), 2)::numeric(12,2) AS average_days_to_close
      FROM crm.deals d
     WHERE NOT d.is_deleted
     GROUP BY 1, 2;
  COMMENT ON VIEW crm_reports.deals_by_stage_and_month IS
    'Deals that are not deleted: one row for each month in which they were opened and stage in which they stand now.';
  COMMENT ON COLUMN crm_reports.deals_by_stage_and_month.month IS
    'First day of the month in which the deals were opened, in the time zone of the business.';
  COMMENT ON COLUMN crm_reports.deals_by_stage_and_month.stage IS
    'qualification, negotiation, proposal, closedWon or closedLost.';
  COMMENT ON COLUMN crm_reports.deals_by_stage_and_month.deals IS 'How many they are.';
  COMMENT ON COLUMN crm_reports.deals_by_stage_and_month.average_days_to_close IS
    'Mean of the days from opening to closing, of closed deals; null for open stages.';
`;

/** The SQL contract of payments: no other code names their tables. */
const INSURERS = `
  CREATE VIEW crm_reports.money_by_insurer_and_month AS
    WITH lines AS (
      SELECT i.payment_id, i.posted_at, i.nature, i.amount AS income, 0::numeric AS expense
        FROM crm.payment_incomes i WHERE NOT i.is_deleted
      UNION ALL
      SELECT e.payment_id, e.posted_at, e.nature, 0::numeric, e.amount
        FROM crm.payment_expenses e WHERE NOT e.is_deleted
    )
    SELECT date_trunc('month', l.posted_at)::date AS month,
           min(o.insurance_company)::text AS insurance_company,
           p.currency::text AS currency,
           coalesce(sum(l.income) FILTER (WHERE l.nature = 'premium'), 0)::numeric(30,2) AS premium_received,
           coalesce(sum(l.expense) FILTER (WHERE l.nature IN ('premium', 'refund')), 0)::numeric(30,2) AS premium_passed_on,
           coalesce(sum(l.income) FILTER (WHERE l.nature = 'commission'), 0)::numeric(30,2) AS commission_received,
           coalesce(sum(l.expense) FILTER (WHERE l.nature NOT IN ('premium', 'refund')), 0)::numeric(30,2) AS own_expenses
      FROM lines l
      JOIN crm.payments p ON p.id = l.payment_id AND NOT p.is_deleted
      LEFT JOIN crm.policies o ON o.id = p.policy_id
     GROUP BY date_trunc('month', l.posted_at)::date, o.insurer_key, p.currency;
  COMMENT ON VIEW crm_reports.money_by_insurer_and_month IS
    'Premium and commission: one row for each month of posting, insurer and currency, from lines that are not deleted.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.month IS 'First day of the month in which the lines were posted.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.insurance_company IS
    'The insurer of the payment''s policy, ways of writing it counted as one; null for payments with no policy, or one without an insurer.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.currency IS 'ISO 4217 code; sums of several are never added.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.premium_received IS 'Incomes of nature premium.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.premium_passed_on IS
    'Expenses of natures premium and refund: money of others that left again.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.commission_received IS 'Incomes of nature commission.';
  COMMENT ON COLUMN crm_reports.money_by_insurer_and_month.own_expenses IS
    'Expenses of every other nature: discounts, payouts, fees.';
`;

/** As above, a contract of payments. */
const MONEY = `
  CREATE VIEW crm_reports.expected_and_received_by_month AS
    WITH expected AS (
      SELECT date_trunc('month', p.planned_date)::date AS month, p.currency, count(*) AS payments,
             sum(p.planned_amount) AS expected, sum(p.incomes_total) AS received_of_expected,
             sum(greatest(p.planned_amount - p.incomes_total, 0)) AS outstanding
        FROM crm.payments p
       WHERE NOT p.is_deleted AND p.cancelled_at IS NULL
       GROUP BY 1, 2
    ), received AS (
      SELECT date_trunc('month', i.posted_at)::date AS month, p.currency, sum(i.amount) AS received
        FROM crm.payment_incomes i JOIN crm.payments p ON p.id = i.payment_id AND NOT p.is_deleted
       WHERE NOT i.is_deleted
       GROUP BY 1, 2
    )
    SELECT coalesce(e.month, r.month) AS month,
           coalesce(e.currency, r.currency)::text AS currency,
           coalesce(e.payments, 0) AS payments,
           coalesce(e.expected, 0)::numeric(30,2) AS expected,
           coalesce(e.received_of_expected, 0)::numeric(30,2) AS received_of_expected,
           coalesce(e.outstanding, 0)::numeric(30,2) AS outstanding,
           coalesce(r.received, 0)::numeric(30,2) AS received_in_month
      FROM expected e FULL JOIN received r ON r.month = e.month AND r.currency = e.currency;
  COMMENT ON VIEW crm_reports.expected_and_received_by_month IS
    'Expected against received: one row for each month and currency in which money was planned or came.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.month IS 'First day of the month.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.currency IS 'ISO 4217 code; sums of several are never added.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.payments IS
    'Payments planned for the month, neither cancelled nor deleted.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.expected IS 'Their planned amounts.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.received_of_expected IS
    'What came in on these payments, whenever it came.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.outstanding IS
    'What has not come in on them; more than planned on one makes up for nothing on another.';
  COMMENT ON COLUMN crm_reports.expected_and_received_by_month.received_in_month IS
    'What came in during the month, on whatever payment, cancelled ones too.';
`;

/** Roles belong to the whole server: another database may have made it, or be making it now. */
const ROLE = `
  DO $$
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'crm_reports_reader') THEN
      BEGIN
        CREATE ROLE crm_reports_reader NOLOGIN;
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE NOTICE 'role crm_reports_reader was not created: % may not create roles. Reports are for their owner alone until an administrator does what docs/reports.md says.', current_user;
          RETURN;
      END;
    END IF;
    GRANT USAGE ON SCHEMA crm_reports TO crm_reports_reader;
    GRANT SELECT ON crm_reports.deals_by_stage_and_month, crm_reports.money_by_insurer_and_month,
      crm_reports.expected_and_received_by_month TO crm_reports_reader;
  END $$;
`;
