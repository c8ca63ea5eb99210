import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { storedSecret } from '../stored-secret.js';
import { freePort } from '../processes/ports.js';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.js';
import { ensureCluster, SUPERUSER } from './postgres-cluster.js';
import { type PostgresHome, postgresHome } from './postgres-home.js';
import { awaitUnlocked, readLock } from './postgres-lock.js';
import { ProcessServer, type Server, type ServiceOptions } from '../server.js';
import { ServerProcess } from '../processes/server-process.js';
import { ServiceError } from '../service-error.js';

const DATABASE = 'crm';
/** How long the children of a killed server may take to notice, in milliseconds. */
const ORPHANS_MS = 10_000;

/**
 * Starts the PostgreSQL that came with npm, with a database `crm`; its URL names the superuser. The first time it makes
 * the data directory (1 s), later starts take a tenth of that. Up to 200 connections.
 *
 * @throws ServiceError
 */
export async function startPostgres(options: ServiceOptions = {}): Promise<Server> {
  const home = postgresHome(options.dataDirectory);
  const binaries = postgresBinaries(home.owner);
  const durable = options.durable ?? false;
  const password = storedSecret(join(home.path, 'password'));
  await awaitUnlocked(join(home.path, 'data'));
  await ensureCluster(home.path, binaries, home.owner, { password, durable });
  const port = await freePort();
  const url = urlOf(password, port);
  const server = new PostgresServer(url, port, postgresProcess(home, binaries, url, port, durable), home.scratch);
  await server.start();
  try {
    await ensureDatabase(url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** The URL of the PostgreSQL that already runs on `dataDirectory`, started by another process; undefined when none does. */
export function runningPostgres(dataDirectory: string): string | undefined {
  const home = join(resolve(dataDirectory), 'postgres');
  if (!existsSync(join(home, 'data'))) return undefined;
  const lock = readLock(realpathSync(join(home, 'data')));
  return lock && urlOf(readFileSync(join(home, 'password'), 'utf8').trim(), lock.port);
}

/**
 * Deletes the database of `dataDirectory` for ever, wherever its files lie; nothing when there is none.
 * @throws ServiceError `busy` when it is in use.
 */
export async function deletePostgres(dataDirectory: string): Promise<void> {
  const home = join(resolve(dataDirectory), 'postgres');
  if (existsSync(home)) {
    const path = realpathSync(home);
    await awaitUnlocked(join(path, 'data'));
    rmSync(path, { recursive: true });
  }
  rmSync(home, { recursive: true, force: true });
}

/** Starts again even right after `kill -9`, when the dead server's children have not yet gone. */
export class PostgresServer extends ProcessServer {
  override async start(): Promise<void> {
    for (const deadline = Date.now() + ORPHANS_MS; ; await sleep(100)) {
      try {
        return await super.start();
      } catch (error) {
        const orphans = error instanceof ServiceError && /pre-existing shared memory block/.test(error.message);
        if (!orphans || Date.now() > deadline) throw error;
      }
    }
  }
}

/** @param args further arguments of the server. */
export function postgresProcess(
  home: PostgresHome,
  binaries: PostgresBinaries,
  url: string,
  port: number,
  durable: boolean,
  args: readonly string[] = [],
): ServerProcess {
  return new ServerProcess({
    name: 'PostgreSQL',
    command: binaries.postgres,
    args: ['-D', join(home.path, 'data'), ...settings(port, durable), ...args],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    cwd: '/',
    owner: home.owner,
    output: join(home.path, 'server.log'),
    stopSignal: 'SIGINT', // fast shutdown: open transactions are rolled back
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 30_000,
    scratch: home.scratch,
    isReady: () => accepts(url),
  });
}

function settings(port: number, durable: boolean): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 500, // a pool for each process, and tests start dozens against one server
    log_timezone: 'UTC',
    timezone: 'UTC',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function urlOf(password: string, port: number): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** Connects to the database that every cluster has. */
function maintenanceClient(url: string): pg.Client {
  const address = new URL(url);
  address.pathname = '/postgres';
  return new pg.Client({ connectionString: address.href, connectionTimeoutMillis: 5_000 });
}

async function accepts(url: string): Promise<boolean> {
  const client = maintenanceClient(url);
  client.on('error', () => undefined); // a server that goes down again while starting: the next probe sees it
  try {
    await client.connect();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') {
      throw new ServiceError(
        'data',
        'PostgreSQL refuses the password stored beside its data directory: delete that directory to begin anew.',
      );
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(url: string): Promise<void> {
  const client = maintenanceClient(url);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
