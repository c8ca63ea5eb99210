import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Checks the totals of both payments of a line that moves; replaces the existing check. */
export class TrueTotals1764000011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WITHOUT_CHECK);
    await runner.query(CHECK);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}

/** Databases made between the first release and this migration have these functions already. */
const WITHOUT_CHECK = `
  ${['payments', 'payment_incomes', 'payment_expenses']
    .map((table) => `DROP TRIGGER ${table}_totals_true ON crm.${table};`)
    .join('\n  ')}
  DROP FUNCTION IF EXISTS crm.refuse_untrue_totals(), crm.check_totals_of_payment(), crm.check_totals_of_line(),
    crm.require_true_totals(uuid);
`;

const CHECK = `
  CREATE FUNCTION crm.require_true_totals(subject uuid) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    payment crm.payments;
    lines   record;
  BEGIN
    SELECT * INTO payment FROM crm.payments WHERE id = subject;
    SELECT coalesce(sum(income), 0) AS incomes, coalesce(sum(expense), 0) AS expenses,
        coalesce(bool_or(currency <> payment.currency), false) AS in_other_currency
      INTO lines FROM (
        SELECT amount AS income, NULL::numeric AS expense, currency
        FROM crm.payment_incomes WHERE payment_id = subject AND NOT is_deleted
        UNION ALL
        SELECT NULL, amount, currency FROM crm.payment_expenses WHERE payment_id = subject AND NOT is_deleted
      ) line;
    IF lines.incomes <> payment.incomes_total OR lines.expenses <> payment.expenses_total OR lines.in_other_currency THEN
      RAISE EXCEPTION 'payment % does not equal its lines: incomes % of %, expenses % of %, currency %', subject,
        payment.incomes_total, lines.incomes, payment.expenses_total, lines.expenses, payment.currency
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_totals_true';
    END IF;
  END $$;
  COMMENT ON FUNCTION crm.require_true_totals IS
    'At commit, whatever wrote: a payment''s totals are the sums of its live lines, all in its currency.';

  CREATE FUNCTION crm.check_totals_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM crm.require_true_totals(NEW.id);
    RETURN NULL;
  END $$;
  CREATE FUNCTION crm.check_totals_of_line() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM crm.require_true_totals(NEW.payment_id);
    IF TG_OP = 'UPDATE' AND OLD.payment_id <> NEW.payment_id THEN
      PERFORM crm.require_true_totals(OLD.payment_id);
    END IF;
    RETURN NULL;
  END $$;

  CREATE CONSTRAINT TRIGGER payments_totals_true AFTER INSERT OR UPDATE OF incomes_total, expenses_total, currency
    ON crm.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.check_totals_of_payment();
  ${['payment_incomes', 'payment_expenses']
    .map(
      (table) => `
  CREATE CONSTRAINT TRIGGER ${table}_totals_true
    AFTER INSERT OR UPDATE OF payment_id, amount, currency, is_deleted ON crm.${table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.check_totals_of_line();`,
    )
    .join('\n')}
`;
