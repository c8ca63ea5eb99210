/** Start time of the built programs on a migrated database, and their memory. */
import { setTimeout as delay } from 'node:timers/promises';
import { calm, nightZone } from '../calm.mjs';
import { Load } from '../load.mjs';
import { quantile } from '../paired.mjs';
import { Requests } from '../requests.mjs';

const CONNECTIONS = 32;
/** V8 releases the memory of the start after about a minute of idle time. */
const REST_MS = 60_000;

export async function runStart(environment, { deals, quick }, report) {
  const book = await environment.book(deals);
  const times = quick ? 3 : 7;
  const api = await environment.api(book);
  const worker = await environment.worker(book, nightZone());
  const [apiMs, workerMs] = [await startsOf(api, times), await startsOf(worker, times)];
  await calm(book);
  await delay(REST_MS);
  const rest = [api.rssMb(), worker.rssMb()];
  const load = await Load.open(api.port, CONNECTIONS);
  const requests = new Requests(deals);
  await load.run(() => requests.mixed().text, { requests: quick ? 10_000 : 50_000 });
  load.close();
  const loaded = [api.peakRssMb(), worker.peakRssMb()];
  await Promise.all([api.stop(), worker.stop()]);
  await book.sequence();
  const rows = [
    { name: 'API', startMs: quantile(apiMs, 0.5), startsMs: apiMs, restMb: rest[0], peakMb: loaded[0] },
    { name: 'worker', startMs: quantile(workerMs, 0.5), startsMs: workerMs, restMb: rest[1], peakMb: loaded[1] },
  ];
  report({
    ...{ workload: 'start', title: 'Start and memory', deals, connections: CONNECTIONS, rows },
    columns: ['', 'start to ready, s', 'slowest, s', 'RSS at rest, MB', 'peak under mixed load, MB'],
    lines: rows.map(({ name, startMs, startsMs, restMb, peakMb }) => [
      name,
      (startMs / 1000).toFixed(2),
      (Math.max(...startsMs) / 1000).toFixed(2),
      String(Math.round(restMb)),
      String(Math.round(peakMb)),
    ]),
    notes: [`Median of ${times} starts; the operating system had the files in memory.`],
  });
}

/** Starts the program several times; leaves it running after the last one. */
async function startsOf(program, times) {
  const taken = [];
  for (let n = 0; n < times; n++) {
    await program.stop();
    taken.push(await program.start());
  }
  return taken;
}
