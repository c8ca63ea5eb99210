import { createTestDatabase, FixedClock, type TestDatabase, testEnvironment, until } from '#platform/testing';
import { isSeeded, seedDemo } from '../../../apps/cli/src/demo/seed.js';
import { MIGRATIONS } from '../../../migrations/index.js';

/** A Monday, 09:00 in Moscow. */
const NOW = '2026-11-23T06:30:00.000Z';
const TODAY = '2026-11-23';
/** Time for six thousand statements on a busy machine. */
const TIMEOUT_MS = 180_000;

const SEEDED = { clients: 200, deals: 600 };
const NOTHING = { clients: 0, deals: 0 };

const databases: TestDatabase[] = [];

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase(MIGRATIONS);
  databases.push(database);
  return database;
}

const seed = ({ url }: TestDatabase): ReturnType<typeof seedDemo> =>
  seedDemo(url, testEnvironment({ databaseUrl: url }), new FixedClock(NOW));

/** All values except ids. */
async function content(database: TestDatabase): Promise<object> {
  return {
    clients: await database.rows(
      `SELECT name, kind, email, phone, tax_id, status, owner_id, version, created_at FROM crm.clients ORDER BY name`,
    ),
    deals: await database.rows(
      `SELECT c.name AS client, d.title, d.description, d.status, d.owner_id, d.executor_id, d.next_review_at, d.closed_at,
         d.lost_reason, d.version, d.created_at, d.updated_at
       FROM crm.deals d JOIN crm.clients c ON c.id = d.client_id ORDER BY d.created_at, c.name, d.title`,
    ),
    journals: await database.rows(
      `SELECT c.name AS client, d.title, j.seq, j.kind, j.author_id, j.body, j.created_at
       FROM crm.journals j JOIN crm.deals d ON d.id = j.deal_id JOIN crm.clients c ON c.id = d.client_id
       ORDER BY d.created_at, c.name, d.title, j.seq`,
    ),
    quotes: await database.rows(
      `SELECT d.title, q.owner_id, q.insurance_company, q.program_name, q.premium_amount, q.coverage_sum, q.currency,
         q.calculation_date, q.validity::text, q.files, q.comments, q.status, q.version, q.created_at, q.updated_at
       FROM crm.quotes q JOIN crm.deals d ON d.id = q.deal_id ORDER BY q.created_at, d.title, q.insurance_company`,
    ),
    policies: await database.rows(
      `SELECT c.name AS client, p.insurance_company, p.policy_number, p.premium, p.effective_from, p.effective_to, p.owner_id,
         p.status, p.close_reason, r.policy_number AS renews, p.version, p.created_at, p.updated_at
       FROM crm.policies p JOIN crm.clients c ON c.id = p.client_id LEFT JOIN crm.policies r ON r.id = p.renews_policy_id
       ORDER BY p.created_at, c.name, p.policy_number`,
    ),
    payments: await database.rows(
      `SELECT d.title, p.sequence, p.planned_date, p.planned_amount, p.currency, p.comment, p.actual_date, p.incomes_total,
         p.expenses_total, p.status, p.recorded_by_id, p.version, p.created_at, p.updated_at
       FROM crm.payments p JOIN crm.deals d ON d.id = p.deal_id ORDER BY p.created_at, d.title, p.planned_amount, p.sequence`,
    ),
    documents: await database.rows(
      `SELECT owner_type, document_id, title, created_by_id, created_at FROM crm.document_links ORDER BY document_id`,
    ),
  };
}

describe('the demo data', () => {
  let book: TestDatabase;

  beforeAll(async () => {
    book = await emptyDatabase();
    await seed(book);
  }, TIMEOUT_MS);

  afterAll(() => Promise.all(databases.map((database) => database.drop())));

  const one = async <R extends object>(sql: string): Promise<R> => (await book.rows<R>(sql))[0]!;

  it('have 200 distinct clients and 600 deals', async () => {
    expect(
      await one(`SELECT count(*)::int AS clients, count(DISTINCT name)::int AS names, count(email_key)::int
          - count(DISTINCT email_key)::int AS same_emails, count(phone_key)::int - count(DISTINCT phone_key)::int AS same_phones,
          count(*) FILTER (WHERE tax_id !~ '^00(\\d{8}|\\d{10})$')::int AS possible_tax_ids FROM crm.clients`),
    ).toEqual({ clients: 200, names: 200, same_emails: 0, same_phones: 0, possible_tax_ids: 0 });
    expect(await one('SELECT count(*)::int AS deals FROM crm.deals')).toEqual({ deals: 600 });
    expect(await isSeeded(book.url)).toBe(true);
  });

  it('have persons and companies of every status, some without an owner', async () => {
    const groups = await book.rows<{ kind: string; status: string }>(
      'SELECT DISTINCT kind, status FROM crm.clients ORDER BY kind, status',
    );
    expect(groups.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'company active',
      'company inactive',
      'company prospect',
      'person active',
      'person inactive',
      'person prospect',
    ]);
    const alone = await one<Record<string, number>>(
      `SELECT (SELECT count(*)::int FROM crm.clients WHERE owner_id IS NULL) AS clients,
         (SELECT count(*)::int FROM crm.deals WHERE owner_id IS NULL) AS deals,
         (SELECT count(*)::int FROM crm.deals WHERE executor_id IS NULL) AS deals_without_executor`,
    );
    expect(alone.clients).toBe(10);
    expect(alone.deals).toBeGreaterThan(5);
    expect(alone.deals_without_executor).toBeGreaterThan(100);
  });

  it('have deals in every stage, lost ones with their reasons', async () => {
    const stages = await book.rows<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM crm.deals GROUP BY status ORDER BY status',
    );
    expect(stages.map(({ status }) => status)).toEqual(['in_progress', 'lost', 'proposal', 'qualification', 'won']);
    for (const { count } of stages) expect(count).toBeGreaterThan(60);
    expect(
      await one(`SELECT count(*)::int AS count FROM crm.deals WHERE status = 'lost' AND lost_reason IS NULL`),
    ).toEqual({
      count: 0,
    });
  });

  it('have next reviews from overdue to three months ahead', async () => {
    const reviews = await one<{ first: string; last: string; overdue: number; today: number }>(
      `SELECT min(next_review_at) AS first, max(next_review_at) AS last,
         count(*) FILTER (WHERE next_review_at < '${TODAY}')::int AS overdue,
         count(*) FILTER (WHERE next_review_at = '${TODAY}')::int AS today FROM crm.deals WHERE closed_at IS NULL`,
    );
    expect(reviews.overdue).toBeGreaterThan(30);
    expect(reviews.today).toBeGreaterThan(0);
    expect(reviews.first >= '2026-11-03').toBe(true);
    expect(reviews.last > '2027-02-01' && reviews.last <= '2027-02-21').toBe(true);
  });

  it('have quotes of invented insurers in every status, some expired', async () => {
    const states = await book.rows<{ status: string; quotes: number; deals: number }>(
      `SELECT status, count(*)::int AS quotes, count(DISTINCT deal_id)::int AS deals FROM crm.quotes
       GROUP BY status ORDER BY status`,
    );
    expect(states.map(({ status }) => status)).toEqual(['archived', 'confirmed', 'draft', 'ready']);
    for (const { quotes, deals } of states) {
      expect(quotes).toBeGreaterThan(25);
      expect(deals).toBeGreaterThan(25);
    }
    const facts = await one<Record<string, number>>(
      `SELECT count(DISTINCT deal_id)::int AS deals, count(DISTINCT insurance_company)::int AS insurers,
         count(DISTINCT owner_id)::int AS owners, count(DISTINCT currency)::int AS currencies,
         count(*) FILTER (WHERE status = 'ready' AND upper(validity) <= '${TODAY}')::int AS expired,
         count(*) FILTER (WHERE status = 'ready' AND upper(validity) > '${TODAY}')::int AS open,
         count(*) FILTER (WHERE lower(validity) <> calculation_date)::int AS not_from_their_day FROM crm.quotes`,
    );
    expect(facts).toMatchObject({ insurers: 11, owners: 7, currencies: 2, not_from_their_day: 0 });
    expect(facts.deals).toBeGreaterThan(100);
    expect(Math.min(facts.expired!, facts.open!)).toBeGreaterThan(20);
  });

  it('have draft, active and closed policies, from confirmed quotes and without a deal', async () => {
    const states = await book.rows<{ state: string }>(
      `SELECT DISTINCT concat_ws(' ', status, close_reason) AS state FROM crm.policies ORDER BY state`,
    );
    expect(states.map(({ state }) => state)).toEqual([
      'active',
      'closed cancelled',
      'closed expired',
      'closed replaced',
      'closed void',
      'draft',
    ]);
    const policies = await one<Record<string, number>>(
      `SELECT count(*) FILTER (WHERE p.status = 'active')::int AS in_force,
         count(*) FILTER (WHERE p.quote_id IS NOT NULL)::int AS quoted,
         count(*) FILTER (WHERE p.deal_id IS NULL)::int AS brought_along,
         count(*) FILTER (WHERE q.status <> 'confirmed' OR q.premium_amount <> p.premium)::int AS unlike_their_quote,
         count(*) FILTER (WHERE p.status = 'draft' AND d.closed_at IS NOT NULL)::int AS left_undone,
         count(*) FILTER (WHERE p.status = 'active' AND p.effective_to < '${TODAY}')::int AS past_their_end
       FROM crm.policies p LEFT JOIN crm.quotes q ON q.id = p.quote_id LEFT JOIN crm.deals d ON d.id = p.deal_id`,
    );
    expect(policies).toMatchObject({ unlike_their_quote: 0, left_undone: 0, past_their_end: 0 });
    expect(policies.in_force).toBeGreaterThan(60);
    expect(Math.min(policies.quoted!, policies.brought_along!)).toBeGreaterThan(30);
  });

  it('have policies due for renewal, and renewed ones', async () => {
    const renewals = await one<Record<string, number>>(
      `SELECT count(*) FILTER (WHERE n.id IS NULL AND p.status = 'active' AND p.effective_to <= '${TODAY}'::date + 30)::int AS due,
         count(n.id)::int AS renewed, count(*) FILTER (WHERE n.status = 'active')::int AS in_force,
         count(*) FILTER (WHERE n.effective_from <> p.effective_to + 1 OR n.client_id <> p.client_id)::int AS astray
       FROM crm.policies p LEFT JOIN crm.policies n ON n.renews_policy_id = p.id`,
    );
    expect(renewals.astray).toBe(0);
    expect(renewals.due).toBeGreaterThan(5);
    expect(renewals.in_force).toBeGreaterThan(5);
    expect(renewals.renewed).toBeGreaterThan(renewals.in_force!);
  });

  it('have payments of every status with lines of several natures, some overdue, some due soon', async () => {
    const statuses = await book.rows<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM crm.payments GROUP BY status ORDER BY status',
    );
    expect(statuses.map(({ status }) => status)).toEqual(['cancelled', 'paid', 'partially_paid', 'scheduled']);
    for (const { count } of statuses) expect(count).toBeGreaterThan(2);
    const facts = await one<Record<string, number>>(
      `SELECT count(*) FILTER (WHERE status = 'scheduled' AND planned_date < '${TODAY}')::int AS overdue,
         count(*) FILTER (WHERE status = 'scheduled' AND planned_date >= '${TODAY}')::int AS expected,
         count(*) FILTER (WHERE recorded_by_id IS NOT NULL)::int AS confirmed,
         count(*) FILTER (WHERE actual_date < planned_date)::int AS too_early,
         (SELECT count(*)::int FROM (SELECT policy_id FROM crm.payments WHERE comment LIKE 'Взнос%' GROUP BY policy_id
           HAVING sum(planned_amount) <> (SELECT premium FROM crm.policies WHERE id = policy_id)) AS odd) AS not_the_premium
       FROM crm.payments`,
    );
    expect(facts).toMatchObject({ too_early: 0, not_the_premium: 0 });
    expect(Math.min(facts.overdue!, facts.expected!, facts.confirmed!)).toBeGreaterThan(3);
    const natures = await book.rows<{ nature: string }>(
      `SELECT DISTINCT nature FROM (SELECT nature FROM crm.payment_incomes UNION ALL SELECT nature FROM crm.payment_expenses) AS l
       ORDER BY nature`,
    );
    expect(natures.map(({ nature }) => nature)).toEqual(['commission', 'discount', 'payout', 'premium']);
  });

  it('have documents of policies, deals and clients, each linked once', async () => {
    const owners = await book.rows<{ owner_type: string; count: number }>(
      `SELECT owner_type, count(DISTINCT document_id)::int AS count FROM crm.document_links GROUP BY owner_type ORDER BY owner_type`,
    );
    expect(owners.map(({ owner_type }) => owner_type)).toEqual(['client', 'deal', 'policy']);
    for (const { count } of owners) expect(count).toBeGreaterThan(15);
    expect(
      await one(`SELECT count(*)::int AS count FROM crm.document_links l WHERE NOT EXISTS (
        SELECT 1 FROM crm.event_log e WHERE e.type LIKE '%document.linked' AND e.data ->> 'document_id' = l.document_id::text)`),
    ).toEqual({ count: 0 });
  });

  it('have a history of half a year in chronological order, without future events', async () => {
    const history = await one<{ first: string; last: string; backwards: number }>(
      `SELECT min(time) AS first, max(time) AS last, count(*) FILTER (WHERE time < before)::int AS backwards
       FROM (SELECT time, lag(time) OVER (ORDER BY seq) AS before FROM crm.event_log) AS log`,
    );
    expect(history.backwards).toBe(0);
    expect(history.first < '2026-06-15').toBe(true);
    expect(history.last > '2026-11-19' && history.last < NOW).toBe(true);
  });

  it('have journals with notes of sellers, executors and the lead, and valid hash chains', async () => {
    const [notes] = await book.rows<{ notes: number; authors: number }>(
      `SELECT count(*)::int AS notes, count(DISTINCT author_id)::int AS authors FROM crm.journals WHERE kind = 'note'`,
    );
    expect(notes!.notes).toBeGreaterThan(500);
    expect(notes!.authors).toBe(8);
    const zero = `decode(repeat('00', 32), 'hex')`;
    const broken = await book.rows(
      `SELECT d.id FROM crm.deals d LEFT JOIN crm.event_streams s ON s.stream = 'deals/' || d.id
       WHERE s.journal_seq IS DISTINCT FROM (SELECT count(*) FROM crm.journals j WHERE j.deal_id = d.id)
         OR s.journal_hash IS DISTINCT FROM (SELECT j.hash FROM crm.journals j WHERE j.deal_id = d.id ORDER BY j.seq DESC LIMIT 1)
       UNION ALL
       SELECT deal_id FROM (
         SELECT j.*, row_number() OVER w AS place, lag(j.hash, 1, ${zero}) OVER w AS hash_before
         FROM crm.journals j WINDOW w AS (PARTITION BY j.deal_id ORDER BY j.seq)
       ) AS j WHERE j.seq <> j.place OR j.prev_hash <> j.hash_before
         OR j.hash <> crm.journal_hash(j.prev_hash, j.deal_id, j.seq, j.id, j.kind, j.author_id, j.body, j.data, j.created_at)`,
    );
    expect(broken).toEqual([]);
  });

  it('have an event for every journal entry and every client, and a journal entry for every event of a deal', async () => {
    const gaps = await one(
      `SELECT
         (SELECT count(*)::int FROM crm.journals j WHERE NOT EXISTS (SELECT 1 FROM crm.event_log e
            WHERE e.deal_id = j.deal_id AND e.journal_seq = j.seq AND e.time = j.created_at
              AND e.actor_id = j.author_id)) AS silent_entries,
         (SELECT count(*)::int FROM crm.clients c WHERE NOT EXISTS (SELECT 1 FROM crm.event_log e
            WHERE e.client_id = c.id AND e.type = 'client.created' AND e.time = c.created_at)) AS silent_clients,
         (SELECT count(*)::int FROM crm.event_log e WHERE e.stream LIKE 'deals/%' AND NOT EXISTS (SELECT 1
            FROM crm.journals j WHERE j.deal_id = e.deal_id AND j.seq = e.journal_seq)) AS events_from_nowhere`,
    );
    expect(gaps).toEqual({ silent_entries: 0, silent_clients: 0, events_from_nowhere: 0 });
  });

  it(
    'are not changed by a second call, and are equal on one day when two programs create them concurrently',
    async () => {
      const before = await content(book);
      expect(await seed(book)).toEqual(NOTHING);
      expect(await content(book)).toEqual(before);

      const other = await emptyDatabase();
      const outcomes = await Promise.all([seed(other), seed(other)]);
      expect(outcomes).toEqual(expect.arrayContaining([SEEDED, NOTHING]));
      expect(await content(other)).toEqual(before);
    },
    TIMEOUT_MS,
  );

  it(
    'are rolled back completely when their creation fails',
    async () => {
      const database = await emptyDatabase();
      const refused = expect(seed(database)).rejects.toThrow();
      await until(async () => {
        const [cut] = await database.rows(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'crm-demo' AND backend_xid IS NOT NULL`,
        );
        return cut;
      }, TIMEOUT_MS);
      await refused;
      expect(await isSeeded(database.url)).toBe(false);
    },
    TIMEOUT_MS,
  );
});
