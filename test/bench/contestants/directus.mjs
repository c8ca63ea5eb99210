/**
 * Directus on the same tables, its own ones in a schema beside them. Installed by npm into .data/bench on first use. It writes activity and revision where the others write journal, stream and log; an income it
 * can't add, since totals and line must change in one transaction, for which its REST API has no request.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '#platform/services';
import { clientId, clientsOf, dealId, sellerId, sellerOf } from '../data.mjs';
import { DATA_DIRECTORY } from '../environment.mjs';
import { Program } from '../processes.mjs';
import { ApiRequest } from '../requests.mjs';

const VERSION = '12.4.0';
const HOME = join(DATA_DIRECTORY, 'directus');
const CLI = join(HOME, 'node_modules/directus/cli.js');
const ADMIN = { email: 'admin@example.com', password: 'only-for-the-bench' };
const STATUSES = 'in_progress,negotiation,proposal';
const DAY_MS = 86_400_000;

export async function directus(environment, book) {
  install();
  const port = await freePort();
  const env = variables(book, port);
  await book.query('CREATE SCHEMA IF NOT EXISTS directus');
  execFileSync(process.execPath, [CLI, 'bootstrap'], { cwd: HOME, env, stdio: 'pipe' });
  const program = new Program({
    name: 'directus',
    command: [process.execPath, CLI, 'start'],
    env,
    cwd: HOME,
    port,
    readyPath: '/server/ping',
    log: environment.logOf('directus'),
  });
  await environment.own(program).start();
  const items = new Items(await login(program.url), book.deals);
  await requireRead(program.url, items);
  return { name: `Directus ${VERSION}`, program, warmUp: 2_000, draws: items.draws };
}

/** Takes minutes: npm compiles SQLite. Its manifest requires Node 22, but it runs on 20. */
function install() {
  const manifest = join(HOME, 'node_modules/directus/package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === VERSION) return;
  mkdirSync(HOME, { recursive: true });
  writeFileSync(join(HOME, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `directus@${VERSION}`];
  execFileSync('npm', args, { cwd: HOME, stdio: ['ignore', 'ignore', 'inherit'] });
}

function variables(book, port) {
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DB_CLIENT: 'pg',
    DB_CONNECTION_STRING: book.url,
    DB_SEARCH_PATH: 'array:directus,crm,public',
    DB_POOL__MIN: '10',
    DB_POOL__MAX: '10',
    SECRET: 'only-for-the-bench-and-long-enough',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    ACCESS_TOKEN_TTL: '7d',
    PRESSURE_LIMITER_ENABLED: 'false', // would answer 503 at full load
    SERVER_KEEP_ALIVE_TIMEOUT: '600000', // milliseconds: longer than the slices of others
    TELEMETRY: 'false',
    LOG_LEVEL: 'error',
  };
}

async function login(url) {
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  });
  const { data } = await answer.json();
  return `Bearer ${data.access_token}`;
}

/** The same operations as requests of Directus. */
class Items {
  constructor(token, deals) {
    this.token = token;
    this.deals = deals;
    this.draws = { get: () => this.get(), list: () => this.list(), create: () => this.create() };
  }

  get(n = randomInt(this.deals)) {
    return this.request('GET', `/items/deals/${dealId(n)}`);
  }

  list() {
    const horizon = new Date(Date.now() + [30, 90][randomInt(2)] * DAY_MS).toISOString().slice(0, 10);
    const filter = `filter[is_deleted][_eq]=false&filter[status][_in]=${STATUSES}&filter[next_review_at][_lte]=${horizon}`;
    return this.request('GET', `/items/deals?${filter}&sort=next_review_at,updated_at,id&limit=50`);
  }

  create(n = randomInt(clientsOf(this.deals))) {
    const at = new Date().toISOString();
    return this.request('POST', '/items/deals', {
      ...{
        id: randomUUID(),
        client_id: clientId(n),
        title: 'КАСКО, Toyota Camry 2000',
        owner_id: sellerId(sellerOf(n)),
      },
      ...{ description: 'Продление полиса, просил перезвонить после обеда', status: 'qualification' },
      ...{ next_review_at: '2099-06-15', version: 1, is_deleted: false, created_at: at, updated_at: at },
    });
  }

  request(method, path, body) {
    return new ApiRequest(method, path, this.token, body, '');
  }
}

/** @throws {Error} when it does not see the data */
async function requireRead(url, items) {
  const { path, authorization } = items.get(7);
  const answer = await fetch(url + path, { headers: { authorization } });
  const text = await answer.text();
  if (JSON.parse(text).data?.id !== dealId(7)) throw new Error(`Directus answered ${answer.status} ${text}`);
}
