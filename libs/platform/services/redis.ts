import { writeFileSync } from 'node:fs';
import { findOnPath, findOrInstall } from './processes/executables.js';
import { type Home, homeOf } from './home.js';
import { freePort } from './processes/ports.js';
import { answers } from './processes/probe.js';
import { ProcessServer, type Server, type ServiceOptions } from './server.js';
import { ServerProcess } from './processes/server-process.js';

/**
 * Starts a Redis of its own, with the `noeviction` that Bull needs. Unless `durable` it loses everything when it stops.
 * @throws ServiceError `missing` or `start`.
 */
export async function startRedis(options: ServiceOptions & { readonly replicaOf?: Server } = {}): Promise<Server> {
  return startServer('Redis', homeOf('redis', options.dataDirectory), (home, port) =>
    settings({
      bind: '127.0.0.1',
      port: String(port),
      dir: home,
      save: '',
      appendonly: options.durable ? 'yes' : 'no',
      'maxmemory-policy': 'noeviction',
      ...(options.replicaOf && { replicaof: `127.0.0.1 ${options.replicaOf.port}` }),
    }),
  );
}

/**
 * Starts a Redis Sentinel that watches a master under this name.
 * @param quorum number of Sentinels that must agree that the master is down.
 * @throws ServiceError `missing` or `start`.
 */
export async function startSentinel(name: string, master: Server, quorum: number): Promise<Server> {
  return startServer('Redis Sentinel', homeOf('sentinel', undefined), (home, port) => {
    const file = `${home}/sentinel.conf`; // Sentinel rewrites it
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir ${home}`,
      `sentinel monitor ${name} 127.0.0.1 ${master.port} ${quorum}`,
      `sentinel down-after-milliseconds ${name} 2000`,
      `sentinel failover-timeout ${name} 10000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return [file, '--sentinel'];
  });
}

async function startServer(
  name: string,
  home: Home,
  argsOf: (home: string, port: number) => readonly string[],
): Promise<Server> {
  const command = await findOrInstall('redis-server', () => findOnPath('redis-server'));
  const port = await freePort();
  const main = new ServerProcess({
    name,
    command,
    args: argsOf(home.path, port),
    env: { PATH: process.env.PATH, LANG: 'C' },
    cwd: home.path,
    output: `${home.path}/server.log`,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    scratch: home.scratch,
    isReady: () => answers(port, 'PING\r\n', (answer) => answer.toString().startsWith('+PONG')),
  });
  const server = new ProcessServer(`redis://127.0.0.1:${port}`, port, main, home.scratch);
  await server.start();
  return server;
}

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}
