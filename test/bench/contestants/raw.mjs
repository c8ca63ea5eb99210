/** Starts the baseline of raw-fastify.mjs. */
import { join } from 'node:path';
import { freePort } from '#platform/services';
import { TEST_SECRET } from '#platform/testing';
import { ROOT } from '../environment.mjs';
import { Program } from '../processes.mjs';

export const BASELINE = 'raw Fastify + pg';
export const CONTROL = 'the same again';

export async function raw(environment, book, name = BASELINE) {
  const port = await freePort();
  const program = new Program({
    name: 'raw',
    command: [process.execPath, join(ROOT, 'test/bench/contestants/raw-fastify.mjs')],
    env: { NODE_ENV: 'production', BENCH_PORT: String(port), BENCH_DATABASE_URL: book.url, BENCH_SECRET: TEST_SECRET },
    cwd: ROOT,
    port,
    readyPath: '/health/ready',
    log: environment.logOf('raw'),
  });
  await environment.own(program).start();
  return { name, program, isExact: true, hasCursors: true };
}
