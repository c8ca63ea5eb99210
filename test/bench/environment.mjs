/**
 * What every workload runs on: a private PostgreSQL with fsync on, RabbitMQ and Redis, books of data in databases of
 * their own, and the service's programs as processes. Needs the build (`npm run build`); every path is relative to the
 * repository's root, whatever folder it is started in.
 *
 *   const environment = await Environment.start({ keep: true });     // PostgreSQL's data stay in .data/bench
 *   try {
 *     const book = await environment.book(50_000);                   // number of deals; loaded unless stored by an earlier run
 *     const api = await environment.api(book);                           // every feature on; not yet running
 *     const startMs = await api.start();                             // until /health/ready answers 200
 *     const worker = await environment.worker(book);
 *     await worker.start();
 *     const token = environment.token(sellerId(1), ['ROLE_SALES_AGENT']);
 *     … fetch(`${api.url}/api/v1/deals/${dealId(1)}`, { headers: { authorization: `Bearer ${token}` } })
 *     api.cpuMs(); environment.postgresCpuMs(); api.rssMb();         // so far: take differences
 *     await book.query('SELECT …', [values]);
 *     await book.sequence();                                         // no event waits for the worker any more
 *   } finally {
 *     await environment.stop();                                      // programs first, then servers
 *   }
 *
 * Ids of the book follow from numbers: `clientId(n)`, `dealId(n)`, `paymentId(n)`, `sellerId(n)` of data.mjs.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { deletePostgres, freePort, startPostgres, startRabbitmq, startRedis } from '#platform/services';
import { accessToken, testEnvironment } from '#platform/testing';
import { BOOK_VERSION, loadBook } from './data.mjs';
import { Program, treeCpuMs } from './processes.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Folder of the bench for data, peers and logs of programs. */
export const DATA_DIRECTORY = join(ROOT, '.data/bench');

/** Settings for a machine of this size, without checkpoints during a slice. */
const POSTGRES_SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  maintenance_work_mem: '512MB',
};

/** A database with the product's schema, filled. */
export class Book {
  /**
   * @param {string} url
   * @param {number} deals how many it was loaded with
   * @param {number} loadedInS seconds that took; 0 when it was there already
   */
  constructor(url, deals, loadedInS) {
    this.url = url;
    this.deals = deals;
    this.loadedInS = loadedInS;
    this.pool = new pg.Pool({ connectionString: url, max: 2, idleTimeoutMillis: 0, options: '-c TimeZone=UTC' });
    this.pool.on('error', () => undefined); // the server stops
  }

  /** @returns {Promise<Record<string, unknown>[]>} */
  async query(sql, values = []) {
    return (await this.pool.query(sql, values)).rows;
  }

  /** Assigns every event its position and marks all as published, as a worker does. */
  async sequence() {
    await this.query(`
      WITH head AS (SELECT position FROM crm.event_cursors WHERE name = 'sequencer' FOR UPDATE), placed AS (
        UPDATE crm.event_log e SET position = n.place FROM (
          SELECT id, time, head.position + row_number() OVER (ORDER BY seq) AS place
          FROM crm.event_log, head WHERE crm.event_log.position IS NULL) n
        WHERE e.id = n.id AND e.time = n.time AND e.position IS NULL RETURNING e.position)
      UPDATE crm.event_cursors SET updated_at = now(), position = coalesce(
        (SELECT max(position) FROM placed), (SELECT position FROM head)) WHERE name IN ('sequencer', 'rabbitmq')`);
  }

  async close() {
    await this.pool.end();
  }
}

export class Environment {
  constructor(servers, keepsData) {
    this.servers = servers;
    this.keepsData = keepsData;
    this.programs = [];
    this.books = new Map();
  }

  /**
   * @param {object} [options]
   * @param {boolean} [options.keep] leaves PostgreSQL's data for the next run
   */
  static async start({ keep = false } = {}) {
    mkdirSync(DATA_DIRECTORY, { recursive: true });
    const [postgres, rabbitmq, redis] = await Promise.all([
      tunedPostgres(),
      startRabbitmq({ durable: true }),
      startRedis({ durable: true }),
    ]);
    return new Environment({ postgres, rabbitmq, redis }, keep);
  }

  /**
   * A database with so many deals; created, migrated and loaded unless it exists.
   * @returns {Promise<Book>}
   */
  async book(deals) {
    if (!this.books.has(deals)) this.books.set(deals, await this.openBook(deals));
    return this.books.get(deals);
  }

  /** The API on a database and a free port, with RabbitMQ and Redis as in production. Not started. */
  api(book, more = {}) {
    return this.program('api', book, 'CRM_PORT', more);
  }

  /** The worker on a book. Not started. */
  worker(book, more = {}) {
    return this.program('worker', book, 'CRM_WORKER_PORT', more);
  }

  /** Registers `program` to be stopped with the environment. */
  own(program) {
    this.programs.push(program);
    return program;
  }

  /** An access token that the programs accept. */
  token(userId, roles) {
    return accessToken({ userId, roles });
  }

  /** CPU of PostgreSQL with all its processes so far, in milliseconds. */
  postgresCpuMs() {
    return treeCpuMs(this.servers.postgres.pid);
  }

  /** Environment variables of a program of the service. */
  variables(book, more = {}) {
    const { rabbitmq, redis } = this.servers;
    const servers = {
      databaseUrl: book.url,
      rabbitmqUrl: rabbitmq.url,
      redis: { host: '127.0.0.1', port: redis.port },
    };
    return testEnvironment(servers, { PATH: process.env.PATH, CRM_LOG_LEVEL: 'info', ...more });
  }

  /** Log file of a program. */
  logOf(name) {
    return join(DATA_DIRECTORY, `${name}.log`);
  }

  async stop() {
    await Promise.all(this.programs.map((program) => program.stop()));
    await Promise.all([...this.books.values()].map((book) => book.close()));
    const { postgres, rabbitmq, redis } = this.servers;
    await Promise.all([postgres.stop(), rabbitmq.discard(), redis.discard()]);
    if (!this.keepsData) await deletePostgres(DATA_DIRECTORY);
  }

  async program(name, book, portVariable, more) {
    const port = await freePort();
    const program = new Program({
      name,
      command: [process.execPath, join(ROOT, `dist/apps/${name}/src/main.js`)],
      env: this.variables(book, { [portVariable]: String(port), ...more }),
      cwd: ROOT,
      port,
      readyPath: '/health/ready',
      log: this.logOf(name),
    });
    return this.own(program);
  }

  migrate(url) {
    const env = this.variables({ url });
    execFileSync(process.execPath, [join(ROOT, 'dist/apps/cli/src/main.js'), 'migrate'], { env, stdio: 'pipe' });
  }

  /** Adds the demo data to an empty database, for the given variables. */
  seed(url, variables) {
    const env = this.variables({ url }, variables);
    execFileSync(process.execPath, [join(ROOT, 'dist/apps/cli/src/main.js'), 'seed'], { env, stdio: 'pipe' });
  }

  async openBook(deals) {
    const name = `book_${deals}`;
    const url = new URL(this.servers.postgres.url);
    const isThere = await withClient(url.href, async (client) => {
      const { rows } = await client.query(
        `SELECT shobj_description(oid, 'pg_database') = $2 AS loaded FROM pg_database WHERE datname = $1`,
        [name, BOOK_VERSION],
      );
      if (rows[0]?.loaded) return true;
      await client.query(`DROP DATABASE IF EXISTS ${name}`);
      await client.query(`CREATE DATABASE ${name}`);
      return false;
    });
    url.pathname = `/${name}`;
    const began = performance.now();
    this.migrate(url.href); // stored data may lack the newest migrations
    if (isThere) return new Book(url.href, deals, 0);
    await withClient(url.href, async (client) => {
      await loadBook(client, deals);
      await client.query(`COMMENT ON DATABASE ${name} IS '${BOOK_VERSION}'`);
    });
    return new Book(url.href, deals, (performance.now() - began) / 1000);
  }
}

async function tunedPostgres() {
  const postgres = await startPostgres({ dataDirectory: DATA_DIRECTORY, durable: true });
  const isTuned = await withClient(postgres.url, async (client) => {
    const { rows } = await client.query('SHOW shared_buffers');
    if (rows[0].shared_buffers === POSTGRES_SETTINGS.shared_buffers) return true;
    for (const [name, value] of Object.entries(POSTGRES_SETTINGS)) {
      await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    }
    return false;
  });
  if (!isTuned) {
    await postgres.stop();
    await postgres.start();
  }
  return postgres;
}

/** Runs `work` with a connection. */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
