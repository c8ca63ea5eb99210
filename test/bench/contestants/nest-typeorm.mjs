/** Starts NestJS with TypeORM's repositories: see nest-typeorm/main.ts. */
import { readdirSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { freePort } from '#platform/services';
import { TEST_SECRET } from '#platform/testing';
import { DATA_DIRECTORY, ROOT } from '../environment.mjs';
import { Program } from '../processes.mjs';

const SOURCE = join(ROOT, 'test/bench/contestants/nest-typeorm');
const BUILT = join(DATA_DIRECTORY, 'nest-typeorm');

export async function nestTypeorm(environment, book) {
  build();
  const port = await freePort();
  const program = new Program({
    name: 'nest-typeorm',
    command: [process.execPath, join(BUILT, 'main.js')],
    env: { NODE_ENV: 'production', BENCH_PORT: String(port), BENCH_DATABASE_URL: book.url, BENCH_SECRET: TEST_SECRET },
    cwd: ROOT,
    port,
    readyPath: '/health/ready',
    log: environment.logOf('nest-typeorm'),
  });
  await environment.own(program).start();
  return { name: 'NestJS + TypeORM, usual style', program, warmUp: 3_000 };
}

function build() {
  rmSync(BUILT, { recursive: true, force: true });
  mkdirSync(BUILT, { recursive: true });
  for (const file of readdirSync(SOURCE)) {
    const { code } = transformFileSync(join(SOURCE, file), { configFile: join(ROOT, '.swcrc'), sourceMaps: false });
    writeFileSync(join(BUILT, file.replace(/\.ts$/, '.js')), code);
  }
}
