/**
 * The bench: `npm run bench [-- --quick] [-- --only get,list] …`. Prints a Markdown table per workload and appends a line
 * of JSON for each to runs.jsonl.
 */
import { appendFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { Environment } from './environment.mjs';
import { tableOf } from './table.mjs';
import { OPERATIONS, runHttp } from './workloads/http.mjs';
import { OTHER_WORKLOADS } from './workloads/others.mjs';

const RUNS = new URL('runs.jsonl', import.meta.url);

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    only: { type: 'string' },
    deals: { type: 'string' },
    rounds: { type: 'string' },
    slice: { type: 'string' },
  },
});

const wanted = values.only?.split(',') ?? ['get', 'list', 'create', 'income'];
const others = wanted.filter((name) => name in OTHER_WORKLOADS);
const options = {
  operations: wanted.filter((name) => !(name in OTHER_WORKLOADS)),
  quick: values.quick,
  deals: Number(values.deals ?? (values.quick ? 50_000 : 500_000)),
  rounds: Number(values.rounds ?? 12),
  sliceMs: Number(values.slice ?? (values.quick ? 500 : 1_000)),
  warmUp: values.quick ? 3_000 : 10_000,
};
const unknown = options.operations.filter((name) => !(name in OPERATIONS));
if (unknown.length > 0)
  throw new Error(
    `no workload ${unknown.join(', ')}: there are ${Object.keys({ ...OPERATIONS, ...OTHER_WORKLOADS }).join(', ')}`,
  );

const machine = {
  node: process.version,
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1e9),
};
const at = new Date().toISOString();

const environment = await Environment.start({ keep: values.keep });
try {
  const report = (result) => {
    appendFileSync(RUNS, `${JSON.stringify({ at, machine, quick: values.quick, ...result })}\n`);
    console.log(tableOf(result));
  };
  if (options.operations.length > 0) await runHttp(environment, options, report);
  for (const name of others) await OTHER_WORKLOADS[name](environment, options, report);
} finally {
  await environment.stop();
}
