import { CrmUser } from '../support/crm-user.js';
import type { Program } from '../support/programs/processes.js';
import type { Random } from './random.js';
import { WHOLE_POLICY, WHOLE_QUOTE } from '../support/sale.js';

const DEALS = 6;
/** The days of the deals lie in the past, so the payments of a book can be confirmed. */
const LONG_AGO = '2026-01-15';

/** A deal with one row of each kind below it. */
export interface FuzzDeal {
  readonly id: string;
  readonly client_id: string;
  readonly policy_id: string;
  readonly quotes: readonly string[];
  readonly pid: string;
  readonly income_id: string;
  readonly expense_id: string;
  readonly document_id: string;
}

/** Rows that the requests of one round name, and the users visible to them. */
export interface FuzzBook {
  readonly deals: readonly FuzzDeal[];
  readonly importId: string;
  /** Cursors by path of their list. */
  readonly cursors: Readonly<Record<string, string>>;
  readonly sellerId: string;
  readonly executorId: string;
}

/** Adds a book as an admin; equal choices add equal rows, except for their ids. */
export async function addBook(api: Program, random: Random): Promise<FuzzBook> {
  const admin = new CrmUser(api, ['ROLE_ADMIN']);
  const [sellerId, executorId] = [random.uuid(), random.uuid()];
  const owner = { owner_id: sellerId, executor_id: executorId };
  const deals = await Promise.all(Array.from({ length: DEALS }, () => addDeal(admin, owner)));
  const importId = await idOf(admin.upload('/imports/clients?dry_run=true', 'name,kind\r\nНовый,person\r\n'));
  const cursors: Record<string, string> = {};
  for (const path of ['/clients', '/deals', '/policies', `/deals/${deals[0]!.id}/quotes`]) {
    const { body } = await admin.get<{ next_cursor: string }>(`${path}?limit=1`);
    cursors[`/api/v1${path.replace(deals[0]!.id, '{id}')}`] = body.next_cursor;
  }
  await admin.close();
  return { deals, importId, cursors, sellerId, executorId };
}

async function addDeal(admin: CrmUser, owner: { owner_id: string; executor_id: string }): Promise<FuzzDeal> {
  const add = (path: string, body: object): Promise<string> => idOf(admin.post<{ id: string }>(path, body));
  const client = { name: 'Иванова Мария', kind: 'person', owner_id: owner.owner_id };
  const clientId = await add('/clients?allow_duplicate=true', client);
  const deal = { client_id: clientId, title: 'КАСКО', next_review_at: LONG_AGO, ...owner };
  const id = await add('/deals', deal);
  const path = `/deals/${id}`;
  const quotes: string[] = [];
  for (const states of [[], ['ready'], ['ready', 'confirmed']]) {
    const quote = await add(`${path}/quotes`, WHOLE_QUOTE);
    for (const status of states) await admin.post(`${path}/quotes/${quote}/status`, { status });
    quotes.push(quote);
  }
  const policy = { ...WHOLE_POLICY, policy_number: id, deal_id: id };
  const policyId = await add('/policies', policy);
  const planned = { planned_date: LONG_AGO, planned_amount: '1000.00', currency: 'RUB', policy_id: policyId };
  const pid = await add(`${path}/payments`, planned);
  const line = { amount: '400.00', category: 'premium', posted_at: LONG_AGO };
  const incomeId = await add(`${path}/payments/${pid}/incomes`, line);
  const expenseId = await add(`${path}/payments/${pid}/expenses`, line);
  for (const subject of [path, `/clients/${clientId}`, `/policies/${policyId}`]) {
    await add(`${subject}/documents`, { document_id: id });
  }
  return {
    id,
    client_id: clientId,
    policy_id: policyId,
    quotes,
    pid,
    income_id: incomeId,
    expense_id: expenseId,
    document_id: id,
  };
}

async function idOf(answer: Promise<{ status: number; body: { id?: string } }>): Promise<string> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`the book was refused with ${status}: ${JSON.stringify(body)}`);
  return body.id!;
}
