import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  findOnPath,
  findOrInstall,
  freePort,
  type Server,
  ServerProcess,
  startPostgres,
  startStandby,
} from '#platform/services';
import { until } from '#platform/testing';

const STANDBY = 'standby';

/** A primary with a synchronous standby behind HAProxy, which sends connections to the one that is a primary. */
export class PostgresPair {
  private constructor(
    private readonly primary: Server,
    private readonly standby: Server,
    /** URL through the proxy. */
    readonly url: string,
    private readonly proxy: ServerProcess,
    private readonly roles: readonly HttpServer[],
    private readonly folder: string,
  ) {}

  static async start(): Promise<PostgresPair> {
    const primary = await startPostgres({ durable: true });
    const standby = await startStandby(primary, STANDBY, true);
    // After the base backup, so that the standby does not wait for one of its own once it is promoted.
    await query(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`);
    await query(primary.url, 'SELECT pg_reload_conf()');
    const isSync = `SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`;
    await until(async () => (await query(primary.url, isSync)).length > 0);
    const roles = await Promise.all([primary, standby].map(roleServer));
    const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
    const port = await freePort();
    const proxy = await startProxy(folder, port, [primary, standby], roles);
    const url = new URL(primary.url);
    url.port = String(port);
    return new PostgresPair(primary, standby, url.href, proxy, roles, folder);
  }

  /** Kills the primary and promotes the standby, as a cluster manager such as Patroni does when the primary is dead. */
  async failOver(): Promise<void> {
    await this.primary.kill();
    await query(this.standby.url, 'SELECT pg_promote()');
  }

  async discard(): Promise<void> {
    await this.proxy.stop();
    for (const role of this.roles) role.close();
    await Promise.all([this.primary.discard(), this.standby.discard()]);
    rmSync(this.folder, { recursive: true });
  }
}

async function startProxy(
  folder: string,
  port: number,
  servers: readonly Server[],
  roles: readonly HttpServer[],
): Promise<ServerProcess> {
  const command = await findOrInstall('haproxy', () => findOnPath('haproxy'));
  const file = join(folder, 'haproxy.cfg');
  const lines = servers.map((server, index) => {
    const check = (roles[index]!.address() as AddressInfo).port;
    return `  server node${index + 1} 127.0.0.1:${server.port} check addr 127.0.0.1 port ${check} on-marked-down shutdown-sessions`;
  });
  writeFileSync(
    file,
    `global
  maxconn 1000
defaults
  mode tcp
  timeout connect 2s
  timeout check 2s
  timeout client 1h
  timeout server 1h
  option clitcpka
  option srvtcpka
listen postgresql
  bind 127.0.0.1:${port}
  option httpchk GET /primary
  default-server inter 500ms fall 2 rise 1
${lines.join('\n')}
`,
  );
  const proxy = new ServerProcess({
    name: 'HAProxy',
    command,
    args: ['-db', '-f', file],
    env: { PATH: process.env.PATH },
    cwd: folder,
    output: join(folder, 'haproxy.log'),
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    isReady: () => accepts(port),
  });
  await proxy.start();
  return proxy;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Answers 200 while the server is a primary, like the REST API of Patroni. */
async function roleServer(server: Server): Promise<HttpServer> {
  const answers = createServer((_, response) => {
    query<{ primary: boolean }>(server.url, 'SELECT NOT pg_is_in_recovery() AS primary').then(
      ([row]) => response.writeHead(row!.primary ? 200 : 503).end(),
      () => response.writeHead(503).end(),
    );
  });
  answers.listen(0, '127.0.0.1');
  await once(answers, 'listening');
  return answers;
}

async function query<R extends object>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
