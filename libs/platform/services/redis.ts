import { findOnPath, findOrInstall } from './processes/executables.js';
import { homeOf } from './home.js';
import { freePort } from './processes/ports.js';
import { answers } from './processes/probe.js';
import { ProcessServer, type Server, type ServiceOptions } from './server.js';
import { ServerProcess } from './processes/server-process.js';

/**
 * Starts a Redis of its own, with the `noeviction` that Bull needs. Unless `durable` it loses everything when it stops.
 * @throws ServiceError `missing` or `start`.
 */
export async function startRedis(options: ServiceOptions = {}): Promise<Server> {
  const command = await findOrInstall('redis-server', () => findOnPath('redis-server'));
  const home = homeOf('redis', options.dataDirectory);
  const port = await freePort();
  const main = new ServerProcess({
    name: 'Redis',
    command,
    args: settings({
      bind: '127.0.0.1',
      port: String(port),
      dir: home.path,
      save: '',
      appendonly: options.durable ? 'yes' : 'no',
      'maxmemory-policy': 'noeviction',
    }),
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
