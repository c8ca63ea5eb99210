/**
 * CPU of an idle embedded installation: API, worker and PostgreSQL, without RabbitMQ and Redis. Right after
 * the start with new demo data, and on a book of deals.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { nightZone } from '../calm.mjs';
import { Book, withClient } from '../environment.mjs';

/** From readiness to the measurement, in which the work of the start ends. */
const SETTLE_MS = 30_000;
const MEASURE_MS = 60_000;
const DEMO_DATABASE = 'bench_demo';
/** Programs without these use PostgreSQL alone. */
const EMBEDDED = { REDIS_HOST: undefined, REDIS_PORT: undefined, CRM_RABBITMQ_URL: undefined };

export async function runIdle(environment, { deals }, report) {
  const rows = [];
  const demo = await demoBook(environment);
  try {
    rows.push({ name: 'fresh, demo data', ...(await idleOf(environment, demo, EMBEDDED)) });
  } finally {
    await demo.close();
    await dropDemo(environment);
  }
  const book = await environment.book(deals);
  rows.push({
    name: `settled, ${deals.toLocaleString('en-US')} deals`,
    ...(await idleOf(environment, book, { ...EMBEDDED, ...nightZone() })),
  });
  await book.sequence();
  const percent = (value) => value.toFixed(1);
  report({
    ...{ workload: 'idle', title: 'Idle embedded installation, % of one core', deals, rows },
    columns: ['', 'API', 'worker', 'PostgreSQL', 'together', 'start and first 30 s, s of CPU'],
    lines: rows.map(({ name, api, worker, postgres, startS }) => [
      name,
      ...[api, worker, postgres, api + worker + postgres].map(percent),
      startS.toFixed(1),
    ]),
    notes: [`Over ${MEASURE_MS / 1000} s, ${SETTLE_MS / 1000} s after API and worker were ready.`],
  });
}

async function idleOf(environment, book, variables) {
  const api = await environment.api(book, variables);
  const worker = await environment.worker(book, variables);
  const before = environment.postgresCpuMs();
  await Promise.all([api.start(), worker.start()]);
  const used = () => [api.cpuMs(), worker.cpuMs(), environment.postgresCpuMs()];
  await delay(SETTLE_MS);
  const [from, began] = [used(), performance.now()];
  await delay(MEASURE_MS);
  const elapsed = performance.now() - began;
  const [apiShare, workerShare, postgres] = used().map((ms, n) => ((ms - from[n]) / elapsed) * 100);
  await Promise.all([api.stop(), worker.stop()]);
  return { api: apiShare, worker: workerShare, postgres, startS: (from[0] + from[1] + from[2] - before) / 1000 };
}

async function demoBook(environment) {
  await dropDemo(environment);
  await withClient(environment.servers.postgres.url, (client) => client.query(`CREATE DATABASE ${DEMO_DATABASE}`));
  const url = new URL(environment.servers.postgres.url);
  url.pathname = `/${DEMO_DATABASE}`;
  environment.migrate(url.href);
  environment.seed(url.href, EMBEDDED);
  return new Book(url.href, 0, 0);
}

async function dropDemo(environment) {
  await withClient(environment.servers.postgres.url, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${DEMO_DATABASE} WITH (FORCE)`),
  );
}
