/** Requests over HTTP: this service against the others, in one run. */
import { CONTROL, BASELINE, raw } from '../contestants/raw.mjs';
import { ours } from '../contestants/ours.mjs';
import { requireEqual } from '../equality.mjs';
import { Load } from '../load.mjs';
import { compare } from '../paired.mjs';
import { Requests } from '../requests.mjs';

export const OPERATIONS = {
  get: { title: 'GET a deal', draw: (requests) => requests.getDeal() },
  list: { title: 'List 50 deals, two filters, first page', draw: (requests) => requests.listDeals() },
  create: { title: 'Create a deal', draw: (requests) => requests.createDeal() },
  income: { title: 'Add an income', draw: (requests) => requests.addIncome() },
  deep: { title: 'List 50 deals, two filters, 50,000 rows in', draw: (requests) => requests.listDealsDeep() },
  mixed: { title: 'Mixed, four reads for a write', draw: (requests) => requests.mixed() },
};

const CONNECTIONS = 32;

/**
 * @param {import('../environment.mjs').Environment} environment
 * @param {object} options
 * @param {readonly (keyof OPERATIONS)[]} options.operations
 * @param {number} options.deals
 * @param {number} options.rounds
 * @param {number} options.sliceMs
 * @param {number} options.warmUp
 * @param {(result: object) => void} report called with each operation's result as soon as it is there
 */
export async function runHttp(environment, options, report) {
  const book = await environment.book(options.deals);
  const requests = new Requests(options.deals);
  if (options.operations.includes('deep')) await requests.preparePages(book);
  const started = [await ours(environment, book), await raw(environment, book), await raw(environment, book, CONTROL)];
  await requireEqual(started, requests, book);
  for (const operation of options.operations) {
    const { title, draw } = OPERATIONS[operation];
    const lines = await Promise.all(started.map(({ program }) => Load.open(program.port, CONNECTIONS)));
    const contestants = started.map(({ name, program }, place) => ({
      name,
      run: (limit) => lines[place].run(() => draw(requests).text, limit),
      cpuMs: () => program.cpuMs(),
    }));
    const result = await compare({
      ...options,
      contestants,
      baseline: BASELINE,
      control: CONTROL,
      postgresCpuMs: () => environment.postgresCpuMs(),
    });
    for (const line of lines) line.close();
    report({ workload: operation, title, deals: options.deals, connections: CONNECTIONS, ...result });
  }
  await Promise.all(started.map(({ program }) => program.stop()));
  await book.sequence();
}
