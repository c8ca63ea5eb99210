// Imports deals through real programs and prints the rate and the worker's peak of memory.
// After a build: node test/bench/import/deals.mjs [rows] [all_or_nothing|good_rows]
import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startPostgres } from '#platform/services';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const MODE = process.argv[3] ?? 'good_rows';
const CLIENTS = 200;
const POLL_MS = 500;
const SECRET = 's'.repeat(32);

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const claims = { sub: randomUUID(), roles: ['ROLE_ADMIN'], exp: Math.floor(Date.now() / 1000) + 86_400 };
const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
const authorization = `Bearer ${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;

const postgres = await startPostgres({ durable: true });
const [apiPort, workerPort] = [await freePort(), await freePort()];
const env = {
  PATH: process.env.PATH,
  NODE_ENV: 'test',
  CRM_DATABASE_URL: postgres.url,
  CRM_JWT_ACCESS_SECRET: SECRET,
  CRM_HOST: '127.0.0.1',
  CRM_PORT: String(apiPort),
  CRM_WORKER_PORT: String(workerPort),
  CRM_LOG_LEVEL: 'warn',
};
execFileSync(process.execPath, ['dist/apps/cli/src/main.js', 'migrate'], { env, stdio: 'inherit' });
const start = (program) => spawn(process.execPath, [`dist/apps/${program}/src/main.js`], { env, stdio: 'inherit' });
const [api, worker] = [start('api'), start('worker')];

try {
  await Promise.all([apiPort, workerPort].map(ready));
  await measure();
} finally {
  for (const program of [api, worker]) program.kill('SIGKILL');
  await postgres.discard();
}

async function measure() {
  const clients = [];
  for (let count = 0; count < CLIENTS; count++) {
    clients.push((await send('POST', '/clients', JSON.stringify({ name: `Client ${count}`, kind: 'company' }))).id);
  }
  console.log(`before: worker ${peakMb(worker.pid)} MB, API ${peakMb(api.pid)} MB`);
  const began = performance.now();
  const { id } = await send('POST', `/imports/deals?mode=${MODE}`, csv(clients), 'text/csv');
  const uploaded = performance.now();
  console.log(`${ROWS} rows taken in within ${seconds(uploaded - began)} s; API peak ${peakMb(api.pid)} MB`);
  let run;
  do {
    await delay(POLL_MS);
    run = await send('GET', `/imports/${id}`);
    process.stdout.write(`\r${run.state} ${run.rows_done} (${run.rows_per_second ?? 0} rows/s)   `);
  } while (run.finished_at === null && run.state !== 'failed');
  const tookMs = performance.now() - uploaded;
  console.log(`\r${run.state}: ${run.created} deals, ${run.failed} refused, mode ${MODE}`);
  console.log(
    `${Math.round((ROWS / tookMs) * 1000)} rows/s over ${seconds(tookMs)} s; worker peak ${peakMb(worker.pid)} MB`,
  );
}

async function* csv(clients) {
  yield 'client_id,title,description,next_review_at,owner_id\r\n';
  const owner = randomUUID();
  let lines = '';
  for (let row = 0; row < ROWS; row++) {
    lines += `${clients[row % CLIENTS]},КАСКО ${row},"Toyota, ${row}",2099-01-01,${owner}\r\n`;
    if (row % 500 === 499 || row === ROWS - 1) {
      yield Buffer.from(lines);
      lines = '';
    }
  }
}

async function send(method, path, body, type = 'application/json') {
  const headers = { authorization, ...(body && { 'content-type': type }) };
  const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1${path}`, { method, headers, body, duplex: 'half' });
  const content = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(content)}`);
  return content;
}

async function ready(port) {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(POLL_MS);
  }
}

/** Peak memory of the process, from /proc. */
function peakMb(pid) {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}
