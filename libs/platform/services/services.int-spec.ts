import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import pg from 'pg';
import { runningPostgres, type Server, startPostgres, startRabbitmq, startRedis, startServices } from './index.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crm-services-'));
  chmodSync(folder, 0o755);
});

afterEach(async () => {
  await eventually(() => processesIn(folder).length === 0);
  rmSync(folder, { recursive: true });
});

/** Ids of the processes that work in `path` or below: every server does. */
function processesIn(path: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(path);
    } catch {
      return false;
    }
  });
}

async function eventually(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
  }
}

async function query(url: string, text: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows as unknown[][];
  } finally {
    await client.end();
  }
}

describe('PostgreSQL', () => {
  let server: Server | undefined;

  afterEach(async () => {
    await server?.discard();
    server = undefined;
  });

  it('retains committed data over a crash, a stop and a new run, and requires its password', async () => {
    server = await startPostgres({ dataDirectory: folder, durable: true });
    await query(server.url, 'CREATE TABLE durable AS SELECT 1 AS n');
    await server.kill();
    await server.start();
    expect(await query(server.url, 'SELECT n FROM durable')).toEqual([[1]]);
    await server.stop();
    server = await startPostgres({ dataDirectory: folder, durable: true });
    expect(await query(server.url, 'SELECT n, current_database(), current_user FROM durable')).toEqual([
      [1, 'crm', 'postgres'],
    ]);
    const wrong = new URL(server.url);
    wrong.password = 'postgres';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('starts although the process id in the lock of a killed server is another program’s by now', async () => {
    server = await startPostgres({ dataDirectory: folder });
    await server.kill();
    const lock = join(folder, 'postgres/data/postmaster.pid');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(/^\d+/, String(process.pid)));
    expect(runningPostgres(folder)).toBeUndefined();
    await server.start();
    server = (await server.discard(), await startPostgres({ dataDirectory: folder }));
    expect(await query(server.url, 'SELECT 1')).toEqual([[1]]);
  });

  it('refuses a directory that another server uses, and returns its URL', async () => {
    server = await startPostgres({ dataDirectory: folder });
    expect(runningPostgres(folder)).toBe(server.url);
    await expect(startPostgres({ dataDirectory: folder })).rejects.toThrow(
      new RegExp(`is in use by a PostgreSQL that runs \\(process ${server.pid}\\): stop `),
    );
  });

  it('refuses a directory that is broken or of another major version, with the remedy', async () => {
    const data = join(folder, 'postgres/data');
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'postgresql.conf'), '');
    await expect(startPostgres({ dataDirectory: folder })).rejects.toThrow(/PG_VERSION is missing\): delete it/);
    writeFileSync(join(data, 'PG_VERSION'), '9\n');
    await expect(startPostgres({ dataDirectory: folder })).rejects.toThrow(
      /made by PostgreSQL 9 and this is .*: delete it/,
    );
  });
});

describe('Redis', () => {
  it('never evicts, and forgets everything in a crash', async () => {
    const server = await startRedis({ dataDirectory: folder });
    const connect = (): Redis => new Redis(server.url, { maxRetriesPerRequest: null });
    const before = connect();
    await before.set('job', '1');
    expect(await before.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    before.disconnect();
    await server.kill();
    await server.start();
    const after = connect();
    expect(await after.get('job')).toBeNull();
    after.disconnect();
    await server.discard();
  });
});

describe('RabbitMQ', () => {
  it('retains durable queues and persistent messages over a crash, on the same port', async () => {
    const server = await startRabbitmq({ dataDirectory: folder });
    const first = await amqp.connect(server.url);
    await (await first.createChannel()).assertQueue('durable', { durable: true });
    await first.close();
    // RabbitMQ acknowledges a new queue before its definition is on the disk.
    await server.stop();
    await server.start();
    const before = await amqp.connect(server.url);
    before.on('error', () => undefined); // the crash below
    const channel = await before.createConfirmChannel();
    channel.sendToQueue('durable', Buffer.from('paid'), { persistent: true });
    await channel.waitForConfirms();
    await server.kill();
    await server.start();
    const after = await amqp.connect(server.url);
    const message = await (await after.createChannel()).get('durable', { noAck: true });
    expect(message && message.content.toString()).toBe('paid');
    await after.close();
    await server.discard();
  });
});

describe('servers of one process', () => {
  it('are all stopped when one of them fails', async () => {
    mkdirSync(join(folder, 'postgres/data'), { recursive: true });
    writeFileSync(join(folder, 'postgres/data/notes.txt'), '');
    await expect(startServices({ redis: true, postgres: true, dataDirectory: folder })).rejects.toThrow(/PG_VERSION/);
    expect(processesIn(folder)).toEqual([]);
  });

  it('end with it when it is killed', async () => {
    const program = `import { startServices } from '#platform/services';
      await startServices({ redis: true, postgres: true, dataDirectory: process.argv[1] }); console.log('ready');`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit')]);
    expect(processesIn(folder).length).toBeGreaterThan(1);
    parent.kill('SIGKILL');
    await eventually(() => processesIn(folder).length === 0);
  });

  it('leave no files when no directory was given', async () => {
    const before = readdirSync(tmpdir());
    const services = await startServices({ redis: true, postgres: true });
    const made = readdirSync(tmpdir()).filter((name) => !before.includes(name) && /^crm-(redis|postgres)-/.test(name));
    expect(made.length).toBeGreaterThanOrEqual(2);
    await services.stop();
    const left = readdirSync(tmpdir()).filter((name) => made.includes(name));
    expect(left).toHaveLength(made.length - 2); // others may be at work here too
  });
});
