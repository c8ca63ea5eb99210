import { openApiDocument } from '#platform/http';
import type { Method, TestApplication } from '#platform/testing';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { Crm, type Listed } from '../../support/crm.js';
import { copyOf, fillBook } from '../../support/books/large-book.js';
import { addLine, addPayment, LINE, PLANNED } from '../../support/money.js';
import { activePolicy, addQuote, policyNumber, WHOLE_POLICY, WHOLE_QUOTE } from '../../support/sale.js';
import { filled, FILTERED_ROWS, PAGE_ROWS, REACH_ROWS, RowReads, type Scenario } from './row-reads.js';

/** Limit for one row, its stream head, the rows of its rules, its keys. */
const CHANGE_ROWS = 60;
const LISTS: readonly Scenario[] = [
  { path: '/clients', index: 'clients_list_idx' },
  { path: '/clients', as: 'seller', index: 'clients_owner_idx', rows: REACH_ROWS },
  { path: '/clients?search=79001000777', index: 'clients_search_idx' },
  { path: '/deals', index: 'deals_list_idx' },
  { path: '/deals?cursor={deep}', index: 'deals_list_idx' },
  { path: '/deals', as: 'seller', index: 'deals_owner_idx', rows: REACH_ROWS },
  { path: '/deals?stage=proposal', as: 'seller', index: 'deals_owner_idx', rows: FILTERED_ROWS },
  { path: '/deals', as: 'executor', index: 'deals_executor_idx', rows: REACH_ROWS },
  { path: '/deals?stage=proposal', index: 'deals_status_idx' },
  { path: '/deals?stage=proposal&stage=closedLost&period=90d', index: 'deals_status_idx' },
  { path: '/deals?stage=proposal&cursor={deep}', index: 'deals_status_idx' },
  { path: '/deals?client_id={client}', index: 'deals_client_idx', rows: REACH_ROWS },
  { path: '/deals?manager={seller}', index: 'deals_owner_idx', rows: REACH_ROWS },
  { path: '/deals?manager={seller}&manager={executor}', index: 'deals_(owner|list)_idx', rows: FILTERED_ROWS },
  { path: '/deals?manager=__NO_MANAGER__', index: 'deals_owner_idx' },
  { path: '/deals?period=30d', index: 'deals_list_idx', rows: FILTERED_ROWS },
  { path: '/deals?search=КАСКО%20777', index: 'deals_search_idx' },
  { path: '/deals/{deal}/journal', index: 'deal_seq_key' },
  { path: '/deals/{deal}/quotes', index: 'quotes_deal_idx' },
  { path: '/deals/{deal}/documents', index: 'document_links_owner_document_key' },
  { path: '/clients/{client}/documents', index: 'document_links_owner_document_key' },
  { path: '/policies/{policy}/documents', index: 'document_links_owner_document_key' },
  { path: '/deals/{deal}/payments?include=incomes,expenses', index: 'payments_deal_idx' },
  { path: '/deals/{deal}/policies/{policy}/payments', index: 'payments_(deal|policy)_idx' },
  { path: '/payments', index: 'payments_list_idx', rows: REACH_ROWS },
  { path: '/payments', as: 'seller', index: 'payments_(deal_idx|sequence_key)', rows: REACH_ROWS },
  { path: '/journal', index: 'created_at_id_idx' },
  { path: '/policies', index: 'policies_list_idx' },
  { path: '/policies', as: 'seller', index: 'policies_deal_idx', rows: REACH_ROWS },
  { path: '/policies', as: 'executor', index: 'policies_deal_idx', rows: REACH_ROWS },
  { path: '/policies?deal_id={deal}', index: 'policies_deal_idx' },
  { path: '/policies?client_id={client}', index: 'policies_client_idx' },
  { path: '/policies?number=COPY-777', index: 'policies_number_idx' },
  { path: '/policies?renewal_due=true', index: 'policies_(end|list)_idx', rows: FILTERED_ROWS },
  { path: '/events?after=1005000', index: 'position_key' },
  { path: '/events?after=1000000&deal_id={deal}', index: 'deal_id_position_idx' },
];

const READS: readonly Scenario[] = [
  { path: '/clients/{client}', index: 'clients_pkey' },
  { path: '/deals/{deal}', index: 'deals_pkey' },
  { path: '/deals/{deal}', as: 'seller', index: 'deals_pkey' },
  { path: '/deals/{deal}/quotes/compare', index: 'quotes_deal_idx' },
  { path: '/deals/{deal}/quotes/{quote}', index: 'quotes_(pkey|deal_idx)' },
  { path: '/policies/{policy}', as: 'seller', index: 'policies_pkey' },
  { path: '/deals/{deal}/payments/{payment}?include=incomes', index: 'payments_(pkey|deal_idx)' },
  { path: '/deals/{deal}/payments/summary', index: 'payments_deal_idx' },
  { path: '/deals/{deal}/journal/verify', index: 'deal_seq_key' },
];

const contact = (round: number) => ({ email: `new${round}@example.com`, phone: `+7999000000${round}` });

const CHANGES: readonly (Scenario & { readonly method: Method })[] = [
  {
    method: 'POST',
    path: '/clients',
    body: (n) => ({ name: `Новый ${n}`, kind: 'person', ...contact(n) }),
    index: 'clients_email_key_idx',
  },
  {
    method: 'POST',
    path: '/deals',
    body: (n) => ({ client_id: ids.client, title: `Сделка ${n}`, next_review_at: '2026-03-10' }),
    index: 'clients_pkey',
  },
  { method: 'PATCH', path: '/deals/{deal}', body: (n) => ({ title: `Сделка ${n}` }), index: 'deals_pkey' },
  {
    method: 'POST',
    path: '/deals/{deal}/journal',
    body: (n) => ({ body: `Звонок ${n}` }),
    index: 'event_streams_pkey',
  },
  { method: 'POST', path: '/deals/{deal}/quotes', body: () => WHOLE_QUOTE, index: 'deals_pkey' },
  {
    method: 'POST',
    path: '/policies',
    body: () => ({ ...WHOLE_POLICY, policy_number: policyNumber(), deal_id: ids.deal }),
    index: 'deals_pkey',
  },
  { method: 'PATCH', path: '/policies/{policy}', body: (n) => ({ premium: `${n + 1}.00` }), index: 'policies_pkey' },
  { method: 'POST', path: '/deals/{deal}/payments', body: () => PLANNED, index: 'payment_sequences_pkey' },
  {
    method: 'PATCH',
    path: '/deals/{deal}/payments/{payment}',
    body: (n) => ({ comment: `взнос ${n}` }),
    index: 'payments_pkey',
  },
  { method: 'POST', path: '/deals/{deal}/payments/{payment}/incomes', body: () => LINE, index: 'payments_pkey' },
  {
    method: 'PATCH',
    path: '/deals/{deal}/payments/{payment}/incomes/{income}',
    body: (n) => ({ amount: `${n + 1}.00` }),
    index: 'payment_incomes_pkey',
    // Each commit sums up the payment's lines, with dead row versions until they are vacuumed.
    rows: 150,
  },
  {
    method: 'POST',
    path: '/deals/{deal}/documents',
    body: (n) => ({ document_id: `b000000${n}-0000-4000-8000-000000000001` }),
    index: 'document_links_owner_document_key',
  },
];

/** Requests that share a statement when they are concurrent. */
const GROUPS: readonly (Scenario & { readonly method: Method })[] = [
  { method: 'GET', path: '/deals/{deal}', index: 'deals_pkey' },
  ...CHANGES.filter(({ method, path }) => method === 'POST' && (path === '/deals' || path.endsWith('/incomes'))),
];
/** Concurrent requests of one batch. */
const AT_ONCE = 20;

/** Lists with few rows in any database. */
const SHORT_LISTS = ['/api/v1/events/bookmarks', '/api/v1/imports/{id}/errors'];

let crm: Crm;
let api: TestApplication;
let ids: Record<string, string>;
let rowReads: RowReads;

beforeAll(async () => {
  crm = await Crm.start();
  await layBook();
  ids = await idsOfBook();
  ids.deep = await deepCursor();
  // Statistics of the preparation are flushed before the first test.
  await crm.closeApplications();
  // Few connections, so that the statistics of each can be flushed.
  api = await crm.also({ CRM_DATABASE_POOL_SIZE: '2' });
  rowReads = new RowReads(crm, api, ids);
});
afterAll(() => crm.stop());

it('covers every list', () => {
  const { paths, components } = openApiDocument(api.nest, OPEN_API);
  const schemas = components?.schemas as Readonly<Record<string, { properties?: object }>>;
  const lists = Object.entries(paths).filter(([, { get }]) => {
    const names = JSON.stringify(get?.responses['200'] ?? '').match(/(?<=schemas\/)\w+/g) ?? [];
    return names.some((name) => 'next_cursor' in (schemas[name]?.properties ?? {}));
  });
  const tried = LISTS.map(({ path }) => path.split('?')[0]!.replaceAll(/\{\w+\}/g, '*'));
  const wanted = lists.map(([path]) => path).filter((path) => !SHORT_LISTS.includes(path));
  expect(wanted.length).toBeGreaterThan(8);
  for (const path of wanted) expect(tried).toContain(path.replace('/api/v1', '').replaceAll(/\{\w+\}/g, '*'));
});

it.each(LISTS)('GET $path as $as reads a page by $index', (scenario) => reads('GET', scenario, PAGE_ROWS));
it.each(READS)('GET $path as $as reads what it shows by $index', (scenario) => reads('GET', scenario, CHANGE_ROWS));
it.each(CHANGES)('$method $path reads what it changes by $index', (scenario) =>
  reads(scenario.method, scenario, CHANGE_ROWS),
);

it.each(GROUPS)('$method $path, many at once, reads by $index', async ({ method, path, body, index }) => {
  const others = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => idsOfBook(1_000 + n)));
  const urls = others.map((those) => filled(path, those));
  await rowReads.check(urls, method, { path, body, index }, CHANGE_ROWS * AT_ONCE);
});

/** Sends the request several times, and checks the rows read. */
function reads(method: Method, scenario: Scenario, usual: number): Promise<void> {
  return rowReads.check([filled(scenario.path, ids)], method, scenario, usual);
}

/** Creates one row of each kind, and copies it. */
async function layBook(): Promise<void> {
  const by = crm.user('admin');
  const deal = await crm.deal(by, { owner_id: by.id });
  const quote = await addQuote(by, deal);
  const policy = await activePolicy(by, { deal_id: deal.id });
  const payment = await addPayment(by, deal);
  const income = await addLine(by, payment, 'incomes');
  const expense = await addLine(by, payment, 'expenses');
  const link = await by.post<{ id: string }>(`/deals/${deal.id}/documents`, { document_id: quote.files[0] });
  await fillBook(crm.database, {
    clients: deal.client_id,
    deals: deal.id,
    quotes: quote.id,
    policies: policy.id,
    payments: payment.id,
    payment_incomes: income.id,
    payment_expenses: expense.id,
    document_links: link.body.id,
  });
}

/** Ids of copies from the middle of the tables, and of their owner. */
async function idsOfBook(place = 777): Promise<Record<string, string>> {
  const copies = { client: 'clients', deal: 'deals', quote: 'quotes', policy: 'policies' } as const;
  const money = { payment: 'payments', income: 'payment_incomes' } as const;
  const columns = Object.entries({ ...copies, ...money }).map(([name, table]) => `${copyOf(table, place)} AS ${name}`);
  const [row] = await crm.database.rows<Record<string, string>>(
    `SELECT ${columns.join(', ')}, owner_id AS seller, executor_id AS executor, gen_random_uuid() AS admin
     FROM crm.deals WHERE id = ${copyOf('deals', place)}`,
  );
  return row!;
}

/** A cursor after the first 4,000 deals. */
async function deepCursor(): Promise<string> {
  const by = crm.user('admin');
  let cursor = '';
  for (let page = 0; page < 20; page++) {
    const { body } = await by.get<Listed<object>>(`/deals?limit=200${cursor && `&cursor=${cursor}`}`);
    cursor = encodeURIComponent(body.next_cursor!);
  }
  return cursor;
}
