// Uploads files of the worst kinds and prints how long GET /health/live waits meanwhile, and the CPU time of the API.
// After a build: node test/bench/import/hostile-files.mjs [MB]
import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startPostgres } from '#platform/services';

const BYTES = Number(process.argv[2] ?? 20) * 1_000_000;
const PROBE_EVERY_MS = 10;
const SECRET = 's'.repeat(32);
/** Fields of /proc/<pid>/stat behind the program's name, in clock ticks of 10 ms. */
const [UTIME, STIME] = [11, 12];
const TICK_SECONDS = 0.01;
const FILES = {
  'empty lines': '\n',
  'lines of one cell': 'x\n',
  'lines of too many cells': 'a,b,c\n',
  'blank rows of two cells': ',\n',
  'one row of empty cells': ',',
  'rows of 260,000 cells': `${','.repeat(260_000)}x\n`,
  'blank rows of 260,000 cells': `${','.repeat(260_000)}\n`,
  'quoted cells': '"",""\n',
  'quoted line breaks': `"${'\n'.repeat(100_000)}",person\n`,
};

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const claims = { sub: randomUUID(), roles: ['ROLE_ADMIN'], exp: Math.floor(Date.now() / 1000) + 86_400 };
const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
const authorization = `Bearer ${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;

const postgres = await startPostgres({ durable: false });
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const env = {
  PATH: process.env.PATH,
  NODE_ENV: 'test',
  CRM_DATABASE_URL: postgres.url,
  CRM_JWT_ACCESS_SECRET: SECRET,
  CRM_HOST: '127.0.0.1',
  CRM_PORT: String(port),
  CRM_LOG_LEVEL: 'warn',
};
execFileSync(process.execPath, ['dist/apps/cli/src/main.js', 'migrate'], { env, stdio: 'inherit' });
const api = spawn(process.execPath, ['dist/apps/api/src/main.js'], { env, stdio: 'inherit' });

try {
  while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await delay(100);
  await report('nothing', () => delay(3_000));
  for (const [name, row] of Object.entries(FILES)) {
    const file = `name,kind\n${row.repeat(Math.ceil(BYTES / row.length))}`.slice(0, BYTES);
    await report(name, () => upload(file));
  }
} finally {
  api.kill('SIGKILL');
  await postgres.discard();
}

async function upload(file) {
  const headers = { authorization, 'content-type': 'text/csv' };
  const answer = await fetch(`${url}/api/v1/imports/clients?dry_run=true`, { method: 'POST', headers, body: file });
  const { code = 'taken' } = await answer.json();
  return `${answer.status} ${code}`;
}

/** CPU time that the API has used, in seconds. */
function cpuSeconds() {
  const stat = readFileSync(`/proc/${api.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_SECONDS;
}

/** Probes while `work` runs. */
async function report(name, work) {
  const waits = [];
  let isDone = false;
  const began = performance.now();
  const cpuBefore = cpuSeconds();
  const probing = (async () => {
    while (!isDone) {
      const sentAt = performance.now();
      await (await fetch(`${url}/health/live`)).text();
      waits.push(performance.now() - sentAt);
      await delay(PROBE_EVERY_MS);
    }
  })();
  const answer = await work();
  isDone = true;
  await probing;
  waits.sort((a, b) => a - b);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => waits[Math.ceil(share * waits.length) - 1].toFixed(1));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const cpu = (cpuSeconds() - cpuBefore).toFixed(1);
  console.log(
    `${name}: ${answer ?? ''} in ${seconds} s, CPU ${cpu} s; ${waits.length} probes, p50 ${p50} p99 ${p99} max ${most} ms`,
  );
}
