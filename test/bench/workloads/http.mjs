/** HTTP requests: compares this service with the others in one run. */
import { ours } from '../contestants/ours.mjs';
import { directus } from '../contestants/directus.mjs';
import { nestTypeorm } from '../contestants/nest-typeorm.mjs';
import { pgbench } from '../contestants/pgbench.mjs';
import { BASELINE, CONTROL, raw } from '../contestants/raw.mjs';
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
 * This service, the baseline twice, and in a full run the peers.
 * @param {import('../environment.mjs').Environment} environment
 * @param {object} options
 * @param {readonly (keyof OPERATIONS)[]} options.operations
 * @param {number} options.deals
 * @param {boolean} options.quick
 * @param {number} options.rounds
 * @param {number} options.sliceMs
 * @param {number} options.warmUp
 * @param {(result: object) => void} report called with the result of each operation
 */
export async function runHttp(environment, options, report) {
  const book = await environment.book(options.deals);
  const requests = new Requests(options.deals);
  if (options.operations.includes('deep')) await requests.preparePages(book);
  const started = [await ours(environment, book), await raw(environment, book), await raw(environment, book, CONTROL)];
  if (!options.quick) started.push(await nestTypeorm(environment, book));
  await requireEqual(started, requests, book);
  if (!options.quick) started.push(await directus(environment, book));
  const postgres = options.quick ? undefined : pgbench(book);
  for (const operation of options.operations) {
    const callers = started.filter(({ draws, hasCursors }) =>
      draws ? operation in draws : hasCursors || operation !== 'deep',
    );
    const contestants = await Promise.all(callers.map((one) => withLoad(one, requests, operation, CONNECTIONS)));
    const others = postgres?.operations.includes(operation) ? [postgres.of(operation)] : [];
    const result = await against(BASELINE, CONTROL, environment, [...contestants, ...others], options);
    report({
      workload: operation,
      ...OPERATIONS[operation],
      of: 'raw',
      deals: book.deals,
      connections: CONNECTIONS,
      ...result,
    });
  }
  await stopAll(started);
  await book.sequence();
}

/** The same operations at 1, 8 and 64 connections. */
export async function runConnections(environment, options, report) {
  const book = await environment.book(options.deals);
  const requests = new Requests(options.deals);
  const started = [await ours(environment, book), await raw(environment, book), await raw(environment, book, CONTROL)];
  for (const connections of [1, 8, 64]) {
    for (const operation of options.operations) {
      const contestants = await Promise.all(started.map((one) => withLoad(one, requests, operation, connections)));
      const result = await against(BASELINE, CONTROL, environment, contestants, options);
      const title = `${OPERATIONS[operation].title}, ${connections} connection${connections > 1 ? 's' : ''}`;
      report({ workload: operation, title, of: 'raw', deals: book.deals, connections, ...result });
    }
  }
  await stopAll(started);
  await book.sequence();
}

/** The same operations of this service on books of several sizes; the first is the baseline. */
export async function runGrowth(environment, options, report) {
  const started = [];
  for (const deals of [options.growth[0], ...options.growth]) {
    const book = await environment.book(deals);
    const name = `${deals.toLocaleString('en-US')} deals${started.length === 0 ? ', again' : ''}`;
    started.push({ ...(await ours(environment, book, name)), book, requests: new Requests(deals) });
  }
  const [control, baseline] = started.map(({ name }) => name);
  for (const operation of options.operations) {
    const contestants = await Promise.all(started.map((one) => withLoad(one, one.requests, operation, CONNECTIONS)));
    const result = await against(baseline, control, environment, contestants, options);
    const title = `Growth: ${OPERATIONS[operation].title}`;
    report({ workload: `growth-${operation}`, title, of: baseline, connections: CONNECTIONS, ...result });
  }
  await stopAll(started);
  for (const { book } of started.slice(1)) await book.sequence();
}

async function withLoad({ name, program, warmUp, draws }, requests, operation, connections) {
  const load = await Load.open(program.port, connections);
  const draw = draws?.[operation] ?? OPERATIONS[operation].draw;
  return {
    name,
    warmUp,
    run: (limit) => load.run(() => draw(requests).text, limit),
    cpuMs: () => program.cpuMs(),
    close: () => load.close(),
  };
}

async function against(baseline, control, environment, contestants, { rounds, sliceMs, warmUp }) {
  const postgresCpuMs = () => environment.postgresCpuMs();
  const options = { contestants, baseline, control, postgresCpuMs, rounds, sliceMs, warmUp };
  try {
    return await compare(options);
  } finally {
    for (const { close } of contestants) close?.();
  }
}

async function stopAll(started) {
  await Promise.all(started.map(({ program }) => program.stop()));
}
