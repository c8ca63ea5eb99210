/**
 * `node test/smoke/main.mjs [major]`: builds and runs the embedded service with the Node that runs this script.
 * Covers the build, the migrations, the demo data, requests, the event stream and the stop. Exits 1 at the first fault.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PREFLIGHT = join(ROOT, 'apps/cli/src/preflight.mjs');
const DEADLINE_MS = 300_000;
const POLL_MS = 100;

const [, , major] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'crm-smoke-'));
chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
let service;
let output = '';

/** Prints a line for each finished step with its duration. */
async function step(name, run) {
  const began = performance.now();
  const result = await run();
  console.log(`ok  ${name.padEnd(40)} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s`);
  return result;
}

function build() {
  rmSync(join(ROOT, 'dist/.stamp'), { force: true });
  const { status } = spawnSync(process.execPath, [join(ROOT, 'apps/cli/src/build.mjs')], { stdio: 'inherit' });
  assert.equal(status, 0, 'the build failed');
}

async function environment() {
  const { freePort } = await import('../../dist/libs/platform/services/index.js');
  const ports = { CRM_PORT: String(await freePort()), CRM_WORKER_PORT: String(await freePort()) };
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...ports };
}

/** Starts `npm start`; resolves when the API and the worker are ready. */
async function start(env) {
  service = spawn(process.execPath, [PREFLIGHT, 'start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [service.stdout, service.stderr]) stream.on('data', (text) => (output += text));
  const deadline = Date.now() + DEADLINE_MS;
  for (const port of [env.CRM_PORT, env.CRM_WORKER_PORT]) {
    while (!(await isReady(port))) {
      assert.equal(service.exitCode, null, 'the service ended while it started');
      assert.ok(Date.now() < deadline, 'the service did not become ready');
      await delay(POLL_MS);
    }
  }
}

async function isReady(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  } catch {
    return false;
  }
}

function sellerToken(env) {
  const args = [PREFLIGHT, 'token', '--role', 'seller'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, 'no token was issued');
  return stdout.trim();
}

/** Sends a request as the seller and checks the status. */
function requests(env, token) {
  return async (expected, method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${env.CRM_PORT}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, expected, `${method} ${path}: ${text}`);
    return { headers: response.headers, body: JSON.parse(text) };
  };
}

/** Opens the event stream; returns a function that reads until `event` arrives. */
async function follow(env, token) {
  const response = await fetch(`http://127.0.0.1:${env.CRM_PORT}/streams/deals`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  assert.equal(response.status, 200);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  return async (event, id) => {
    let text = '';
    while (!(text.includes(`event: ${event}\n`) && text.includes(id))) {
      const { value, done } = await reader.read();
      assert.equal(done, false, 'the event stream ended');
      text += value;
    }
    await reader.cancel();
  };
}

async function sell(send) {
  const list = await send(200, 'GET', '/api/v1/deals?limit=5');
  assert.equal(list.body.items.length, 5);
  const client = await send(201, 'POST', '/api/v1/clients', { name: 'Smoke test', kind: 'person' });
  const fields = { client_id: client.body.id, title: 'КАСКО', next_review_at: '2099-01-01' };
  const deal = await send(201, 'POST', '/api/v1/deals', fields);
  const path = `/api/v1/deals/${deal.body.id}`;
  await send(200, 'PATCH', path, { title: 'ОСАГО' }, { 'if-match': deal.headers.get('etag') });
  await send(412, 'PATCH', path, { title: 'ДМС' }, { 'if-match': deal.headers.get('etag') });
  const chain = await send(200, 'GET', `${path}/journal/verify`);
  assert.equal(chain.body.valid, true);
  return deal.body.id;
}

async function stop() {
  const exited = once(service, 'close');
  service.kill('SIGINT');
  const [code] = await exited;
  assert.equal(code, 0, 'the service did not stop cleanly');
}

try {
  console.log(`Node ${process.versions.node}`);
  if (major) assert.equal(process.versions.node.split('.')[0], major, 'another Node runs');
  await step('build', build);
  const env = await environment();
  await step('start: database, migrations, demo data', () => start(env));
  const token = sellerToken(env);
  const until = await follow(env, token);
  const deal = await step('requests', () => sell(requests(env, token)));
  await step('event stream', () => until('deal.updated', deal));
  await step('stop', stop);
} catch (error) {
  console.error(output);
  console.error(`FAILED: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (service?.exitCode === null) {
    const exited = once(service, 'close');
    service.kill('SIGTERM');
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
}
