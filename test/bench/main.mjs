/**
 * The bench: `npm run bench [-- --quick] [-- --only get,list] …`, see README.md. Prints a Markdown table per workload and
 * appends a line of JSON for each to runs.jsonl.
 */
import { appendFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { Environment } from './environment.mjs';
import { tableOf } from './table.mjs';
import { OPERATIONS, runConnections, runGrowth, runHttp } from './workloads/http.mjs';
import { OTHER_WORKLOADS } from './workloads/others.mjs';

const RUNS = new URL('runs.jsonl', import.meta.url);
const FOUR = ['get', 'list', 'create', 'income'];
const ALL = [...Object.keys(OPERATIONS), 'connections', 'growth', ...Object.keys(OTHER_WORKLOADS)];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    only: { type: 'string' },
    deals: { type: 'string' },
    rounds: { type: 'string' },
    slice: { type: 'string' },
    growth: { type: 'string', default: '10000,100000,1000000' },
  },
});
const { quick } = values;
const wanted = values.only?.split(',') ?? (quick ? FOUR : ALL);
const options = {
  quick,
  deals: Number(values.deals ?? (quick ? 50_000 : 500_000)),
  rounds: Number(values.rounds ?? 12),
  sliceMs: Number(values.slice ?? (quick ? 500 : 1_000)),
  growth: values.growth.split(',').map(Number),
  warmUp: quick ? 3_000 : 10_000,
};

/** Workloads that can be selected besides the operations of HTTP. */
const WORKLOADS = {
  connections: (environment, report) =>
    runConnections(environment, { ...options, operations: ['get', 'create'] }, report),
  growth: (environment, report) => runGrowth(environment, { ...options, operations: FOUR }, report),
  ...Object.fromEntries(
    Object.entries(OTHER_WORKLOADS).map(([name, work]) => [
      name,
      (environment, report) => work(environment, options, report),
    ]),
  ),
};

const unknown = wanted.filter((name) => !ALL.includes(name));
if (unknown.length > 0) throw new Error(`no workload ${unknown.join(', ')}: there are ${ALL.join(', ')}`);

const run = {
  at: new Date().toISOString(),
  quick,
  node: process.version,
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1e9),
};

function report(result) {
  appendFileSync(RUNS, `${JSON.stringify({ ...run, ...result })}\n`);
  console.log(tableOf(result));
}

// Programs are stopped only on exit.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const began = performance.now();
const environment = await Environment.start({ keep: values.keep });
try {
  const operations = wanted.filter((name) => name in OPERATIONS);
  if (operations.length > 0) await runHttp(environment, { ...options, operations }, report);
  for (const name of wanted) await WORKLOADS[name]?.(environment, report);
} finally {
  await environment.stop();
}
console.log(
  `${run.cpu}, ${run.cores} cores, ${run.memoryGb} GB; ${Math.round((performance.now() - began) / 1000)} s in all`,
);
