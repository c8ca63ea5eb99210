import type { TestApplication } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { copyOf, fillLists } from '../../support/books/large-book.js';
import { addPayment } from '../../support/money.js';
import { activePolicy } from '../../support/sale.js';
import { filled, FILTERED_ROWS, PAGE_ROWS, RowReads, type Scenario } from './row-reads.js';

/** Of clients, deals, policies and payments each. */
const ROWS = 500_000;
/** One of fifty sellers owns so many deals, which are read and sorted at the most. */
const OWNED_ROWS = 25_000;
/** A page of 50 with the deal of each row. */
const JOINED_ROWS = 800;

/** `{day}` is one on which 1,440 of the rows were made and changed, `{minute}` one of its minutes. */
const SORTED: readonly Scenario[] = [
  { path: '/clients?sort=created_at', index: 'clients_list_idx' },
  { path: '/clients?sort=updated_at', index: 'clients_updated_idx' },
  { path: '/clients?sort=-updated_at', index: 'clients_updated_idx' },
  { path: '/clients?sort=name', index: 'clients_name_idx' },
  { path: '/clients?sort=-name', index: 'clients_name_idx' },
  { path: '/deals?sort=-next_review_at', index: 'deals_list_idx' },
  { path: '/deals?sort=-next_review_at&stage=proposal&stage=closedWon', index: 'deals_status_idx' },
  { path: '/deals?sort=created_at', index: 'deals_created_idx' },
  { path: '/deals?sort=-created_at', index: 'deals_created_idx' },
  { path: '/deals?sort=-created_at&stage=proposal', index: 'deals_created_idx', rows: FILTERED_ROWS },
  { path: '/deals?sort=-created_at', as: 'seller', index: 'deals_(owner|created)_idx', rows: OWNED_ROWS },
  { path: '/deals?sort=updated_at', index: 'deals_updated_idx' },
  { path: '/deals?sort=-updated_at', index: 'deals_updated_idx' },
  { path: '/deals?sort=closed_at', index: 'deals_closed_idx' },
  { path: '/deals?sort=-closed_at', index: 'deals_closed_idx' },
  { path: '/deals?sort=-closed_at&closed_to={day}', index: 'deals_closed_idx' },
  { path: '/policies?sort=created_at', index: 'policies_list_idx' },
  { path: '/policies?sort=updated_at', index: 'policies_updated_idx' },
  { path: '/policies?sort=-updated_at', index: 'policies_updated_idx' },
  { path: '/policies?sort=effective_from', index: 'policies_starts_idx' },
  { path: '/policies?sort=-effective_from', index: 'policies_starts_idx' },
  { path: '/policies?sort=effective_to', index: 'policies_ends_idx' },
  { path: '/policies?sort=-effective_to', index: 'policies_ends_idx' },
  { path: '/policies?sort=effective_to&ends_from=2028-01-01', index: 'policies_ends_idx' },
  { path: '/payments?sort=planned_date', index: 'payments_list_idx', rows: JOINED_ROWS },
  { path: '/payments?sort=-planned_date', index: 'payments_list_idx', rows: JOINED_ROWS },
  { path: '/payments?sort=planned_date', as: 'seller', index: 'payments_(deal|list)_idx', rows: 2 * OWNED_ROWS },
  { path: '/payments?sort=-created_at', index: 'payments_created_idx', rows: JOINED_ROWS },
  { path: '/payments?sort=actual_date', index: 'payments_actual_idx', rows: JOINED_ROWS },
  { path: '/payments?sort=-actual_date&actual_to=2026-03-01', index: 'payments_actual_idx', rows: JOINED_ROWS },
  { path: '/journal?sort=-created_at', index: 'created_at_id_idx' },
  { path: '/journal?sort=created_at', index: 'created_at_id_idx' },
];

const NARROWED: readonly Scenario[] = [
  { path: '/clients?created_from={day}&created_to={day}', index: 'clients_list_idx' },
  { path: '/clients?updated_since={day}&updated_to={day}', index: 'clients_(updated|list)_idx', rows: FILTERED_ROWS },
  { path: '/deals?created_from={day}&created_to={day}', index: 'deals_created_idx', rows: FILTERED_ROWS },
  { path: '/deals?created_from={day}&sort=created_at', index: 'deals_created_idx' },
  { path: '/deals?updated_since={minute}', index: 'deals_updated_idx', rows: FILTERED_ROWS },
  { path: '/deals?updated_since={day}&sort=updated_at', index: 'deals_updated_idx' },
  { path: '/deals?closed_from={day}&closed_to={day}&sort=closed_at', index: 'deals_closed_idx' },
  { path: '/policies?created_from={day}&created_to={day}', index: 'policies_list_idx' },
  { path: '/policies?updated_since={minute}', index: 'policies_updated_idx', rows: FILTERED_ROWS },
  {
    path: '/policies?starts_from=2026-03-20&starts_to=2026-03-20&sort=effective_from',
    index: 'policies_starts_idx',
  },
  { path: '/policies?ends_from=2027-03-20&ends_to=2027-03-20&sort=-effective_to', index: 'policies_ends_idx' },
  { path: '/payments?planned_from=2026-05-01&planned_to=2026-05-01', index: 'payments_list_idx', rows: FILTERED_ROWS },
  { path: '/payments?overdue=true', index: 'payments_outstanding_idx', rows: JOINED_ROWS },
  { path: '/payments?period=30d', index: 'payments_outstanding_idx', rows: JOINED_ROWS },
  { path: '/payments?confirmed=false', index: 'payments_(unconfirmed|list)_idx', rows: JOINED_ROWS },
  { path: '/payments?insurance_company=ингосстрах', index: 'payments_list_idx', rows: FILTERED_ROWS },
  { path: '/payments?insurance_company=Согласие', index: 'policies_insurer_idx' },
  { path: '/payments?updated_since={minute}', index: 'payments_updated_idx', rows: FILTERED_ROWS },
  { path: '/journal?created_from={minute}', index: 'created_at_id_idx' },
  { path: '/journal?created_from={day}&created_to={day}&kind=note', index: 'created_at_id_idx', rows: FILTERED_ROWS },
];

let crm: Crm;
let api: TestApplication;
let ids: Record<string, string>;
let rowReads: RowReads;

beforeAll(async () => {
  crm = await Crm.start();
  const by = crm.user('admin');
  const deal = await crm.deal(by, { owner_id: by.id });
  const policy = await activePolicy(by, { deal_id: deal.id });
  const payment = await addPayment(by, deal);
  const originals = { clients: deal.client_id, deals: deal.id, policies: policy.id, payments: payment.id };
  await fillLists(crm.database, originals, ROWS);
  const [row] = await crm.database.rows<Record<string, string>>(
    `SELECT owner_id AS seller, executor_id AS executor, gen_random_uuid() AS admin, '2026-02-20' AS day,
       '2026-03-02T05:00:00Z' AS minute FROM crm.deals WHERE id = ${copyOf('deals', 777)}`,
  );
  ids = row!;
  // Statistics of the preparation are flushed before the first test.
  await crm.closeApplications();
  // Few connections, so that the statistics of each can be flushed.
  api = await crm.also({ CRM_DATABASE_POOL_SIZE: '2' });
  rowReads = new RowReads(crm, api, ids);
}, 900_000);
afterAll(() => crm.stop());

const check = (scenario: Scenario) => rowReads.check([filled(scenario.path, ids)], 'GET', scenario, PAGE_ROWS);

it.each([...SORTED, ...NARROWED])('GET $path as $as reads a page by $index', check);

it.each(SORTED.filter(({ as }) => as === undefined))(
  'GET $path continues by $index after its first page',
  async (scenario) => {
    const { body } = await api.user('ROLE_ADMIN').get<Listed<object>>(filled(scenario.path, ids));
    await check({ ...scenario, path: `${scenario.path}&cursor=${encodeURIComponent(body.next_cursor!)}` });
  },
);
