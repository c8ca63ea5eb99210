import { addDays, type CalendarDate } from '#platform/kernel';
import type { TestDatabase } from '#platform/testing';

/** Number of rows by kind; PostgreSQL generates them. */
export interface BookSize {
  readonly deals: number;
  readonly policies: number;
  readonly payments: number;
  readonly quotes: number;
  /** Days around the first day on which dates lie. */
  readonly days: number;
}

/** A deterministic id: SQL and TypeScript compute the same one. */
const ID = (kind: string, number: string): string => `md5('${kind}' || (${number})::text)::uuid`;
const STAMPS = `$1::date - 100, $1::date - 100, 1`;

const STATEMENTS = (size: BookSize): readonly string[] => [
  `INSERT INTO crm.clients (id, name, kind, status, created_at, updated_at, version)
   SELECT ${ID('client', 'n')}, 'Клиент ' || n, 'person', 'active', ${STAMPS} FROM generate_series(0, 99) n`,
  `INSERT INTO crm.deals (id, client_id, title, status, owner_id, executor_id, next_review_at, closed_at,
     is_deleted, deleted_at, created_at, updated_at, version)
   SELECT ${ID('deal', 'n')}, ${ID('client', 'n % 100')}, 'КАСКО ' || n,
     (ARRAY['won', 'qualification', 'in_progress', 'proposal', 'lost'])[1 + n % 5],
     CASE WHEN n % 4 > 0 THEN ${ID('user', 'n % 10')} END, CASE WHEN n % 3 > 0 THEN ${ID('user', 'n % 7')} END,
     $1::date + CASE WHEN n % 6 = 0 THEN n % ${size.days} ELSE 10 * ${size.days} END,
     CASE WHEN n % 5 IN (0, 4) THEN $1::date - 1 END, n % 50 = 1, CASE WHEN n % 50 = 1 THEN $1::date - 1 END, ${STAMPS}
   FROM generate_series(0, ${size.deals - 1}) n`,
  `INSERT INTO crm.quotes (id, deal_id, insurance_company, program_name, premium_amount, currency, calculation_date,
     validity, files, status, is_deleted, deleted_at, created_at, updated_at, version)
   SELECT ${ID('quote', 'n')}, ${ID('deal', `n % ${size.deals}`)}, 'Ингосстрах', 'КАСКО', 100, 'RUB', $1::date - 40,
     daterange($1::date - 40, $1::date - 5 + n * 7 % ${size.days}, '[]'), '["a"]',
     (ARRAY['draft', 'ready', 'archived', 'confirmed'])[1 + n % 4],
     n % 17 = 0, CASE WHEN n % 17 = 0 THEN $1::date - 1 END, ${STAMPS}
   FROM generate_series(0, ${size.quotes - 1}) n`,
  // The last tenth renews the first, a third of it as drafts.
  `INSERT INTO crm.policies (id, client_id, deal_id, owner_id, insurance_company, insurer_key, policy_number, number_key,
     premium, currency, effective_from, effective_to, status, close_reason, renews_policy_id, created_at, updated_at, version)
   SELECT ${ID('policy', 'n')}, ${ID('client', `n % ${size.deals} % 100`)},
     CASE WHEN n % 4 > 0 THEN ${ID('deal', `n % ${size.deals}`)} END, CASE WHEN n % 8 > 0 THEN ${ID('user', 'n % 10')} END,
     'Ингосстрах', 'ингосстрах', 'N-' || n, 'N' || n, 1000, 'RUB', $1::date - 365,
     CASE WHEN n >= 0.9 * ${size.policies} THEN $1::date + 900 ELSE $1::date - 5 + n * 11 % ${size.days} END,
     CASE WHEN n >= 0.9 * ${size.policies} AND n % 3 = 0 OR n % 23 = 0 THEN 'draft' WHEN n % 10 = 0 THEN 'closed' ELSE 'active' END,
     CASE WHEN (n < 0.9 * ${size.policies} OR n % 3 > 0) AND n % 23 > 0 AND n % 10 = 0 THEN 'cancelled' END,
     CASE WHEN n >= 0.9 * ${size.policies} THEN ${ID('policy', `n - ${Math.round(0.9 * size.policies)}`)} END,
     ${STAMPS}
   FROM generate_series(0, ${size.policies - 1}) n`,
  `INSERT INTO crm.payments (id, deal_id, sequence, planned_date, planned_amount, currency, incomes_total, cancelled_at,
     is_deleted, deleted_at, created_by_id, updated_by_id, created_at, updated_at, version)
   SELECT ${ID('payment', 'n')}, ${ID('deal', `n % ${size.deals}`)}, 1 + n / ${size.deals},
     $1::date - 10 + n * 13 % ${size.days}, 1000, 'RUB',
     CASE WHEN n % 13 = 0 THEN 0 WHEN n % 3 = 0 THEN 1000 WHEN n % 7 = 0 THEN 400 ELSE 0 END,
     CASE WHEN n % 11 = 0 THEN $1::date - 1 END, n % 13 = 0, CASE WHEN n % 13 = 0 THEN $1::date - 1 END,
     ${ID('user', 'n % 10')}, ${ID('user', 'n % 10')}, ${STAMPS}
   FROM generate_series(0, ${size.payments - 1}) n`,
  `INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, created_by_id,
     updated_by_id, created_at, updated_at, version)
   SELECT gen_random_uuid(), id, incomes_total, 'RUB', 'premium', 'premium', $1::date - 1, created_by_id, created_by_id, ${STAMPS}
   FROM crm.payments WHERE incomes_total > 0`,
];

/** Fills an empty database with rows in every state, as of the daily run of `day`. */
export async function openBook(database: TestDatabase, day: CalendarDate, size: BookSize): Promise<void> {
  const statements = STATEMENTS(size).map((sql) => sql.replaceAll('$1::date', `'${day}'::date`));
  // One transaction: the totals of payments are checked at its commit.
  await database.rows(`BEGIN; ${statements.join(';\n')}; COMMIT; ANALYZE`);
}

interface Facts {
  readonly id: string;
  readonly date: CalendarDate;
  readonly state: string;
  readonly deal: 'open' | 'closed' | 'deleted' | 'none';
  /** `none`, or the state of the policy that renews it. */
  readonly successor?: string;
}

const DEAL = `CASE WHEN d.id IS NULL THEN 'none' WHEN d.is_deleted THEN 'deleted'
  WHEN d.status IN ('won', 'lost') THEN 'closed' ELSE 'open' END AS deal`;

/** Reminders that must be published between two days, both included, as `kind subject date`, sorted. */
export async function expectedReminders(
  database: TestDatabase,
  first: CalendarDate,
  last: CalendarDate,
): Promise<string[]> {
  const reminders: string[] = [];
  const add = (kind: string, id: string, date: CalendarDate): void => {
    if (date >= first && date <= last) reminders.push(`${kind} ${id} ${date}`);
  };
  const facts = (sql: string): Promise<Facts[]> => database.rows<Facts>(sql);

  const payments = await facts(`SELECT p.id, p.planned_date AS date, ${DEAL},
      CASE WHEN p.is_deleted THEN 'deleted' ELSE p.status END AS state
    FROM crm.payments p JOIN crm.deals d ON d.id = p.deal_id`);
  for (const { id, date, state, deal } of payments) {
    if (deal === 'deleted' || !['scheduled', 'partially_paid'].includes(state)) continue;
    for (const days of [14, 3, 0]) add('deal.payment.due', id, addDays(date, -days));
    for (const days of [1, 5]) add('deal.payment.overdue', id, addDays(date, days));
    if (state === 'scheduled') add('deal.payment.escalated', id, addDays(date, 2));
  }

  const policies = await facts(`SELECT p.id, p.effective_to AS date, p.status AS state, ${DEAL},
      coalesce(n.status, 'none') AS successor
    FROM crm.policies p LEFT JOIN crm.deals d ON d.id = p.deal_id
      LEFT JOIN crm.policies n ON n.renews_policy_id = p.id AND n.close_reason IS NULL
    WHERE NOT p.is_deleted`);
  for (const { id, date, state, deal, successor } of policies) {
    if (deal === 'deleted' || state !== 'active') continue;
    if (successor === 'none') for (const days of [30, 7]) add('policy.renewal_due', id, addDays(date, -days));
    if (successor !== 'active') for (const days of [0, 3]) add('policy.expired', id, addDays(date, days));
  }

  const quotes = await facts(`SELECT q.id, (upper(q.validity) - 1) AS date, q.status AS state, ${DEAL}
    FROM crm.quotes q JOIN crm.deals d ON d.id = q.deal_id WHERE NOT q.is_deleted`);
  for (const { id, date, state, deal } of quotes) {
    if (state !== 'archived' && deal === 'open') add('deal.quote.expired', id, addDays(date, 1));
  }

  const deals = await facts(`SELECT d.id, d.next_review_at AS date, '' AS state, ${DEAL} FROM crm.deals d`);
  for (const { id, date, deal } of deals) {
    if (deal !== 'open') continue;
    for (let day = date; day <= last; day = addDays(day, 1)) add('deal.review_due', id, day);
  }
  return reminders.sort();
}
