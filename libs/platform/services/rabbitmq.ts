import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath, findOrInstall, isExecutable } from './processes/executables.js';
import { homeOf } from './home.js';
import { storedSecret } from './stored-secret.js';
import { freePort } from './processes/ports.js';
import { answers } from './processes/probe.js';
import { ProcessServer, type ServiceOptions } from './server.js';
import { ServerProcess } from './processes/server-process.js';

/** A RabbitMQ that can be administered. */
export class RabbitmqServer extends ProcessServer {
  constructor(
    url: string,
    port: number,
    main: ServerProcess,
    nameServer: ServerProcess,
    private readonly environment: NodeJS.ProcessEnv,
    /** Folder of RabbitMQ's own programs. */
    private readonly programs: string,
    scratch?: string,
  ) {
    super(url, port, main, scratch, nameServer);
  }

  /**
   * Runs `rabbitmqctl` with these arguments on the running server.
   * @throws Error with its output when it fails.
   */
  async control(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(join(this.programs, 'rabbitmqctl'), args, { env: this.environment, cwd: '/' });
  }
}

/**
 * Starts a RabbitMQ of its own; it takes 6–8 s. What was declared durable survives `stop` and `kill`.
 * @throws ServiceError `missing` or `start`.
 */
export async function startRabbitmq(options: ServiceOptions = {}): Promise<RabbitmqServer> {
  const script = await findOrInstall('rabbitmq-server', findScript);
  const home = homeOf('rabbitmq', options.dataDirectory);
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const password = storedSecret(`${home.path}/password`);
  configure(home.path, port, password);
  const env = environment(home.path, distributionPort, epmdPort);
  const main = new ServerProcess({
    name: 'RabbitMQ',
    command: script,
    args: [],
    env,
    cwd: home.path,
    output: `${home.path}/server.log`,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 120_000,
    stopTimeoutMs: 30_000,
    scratch: home.scratch,
    isReady: () => answers(port, 'AMQP\x00\x00\x09\x01', isConnectionStart),
  });
  const url = `amqp://crm:${password}@127.0.0.1:${port}`;
  const epmd = nameServer(home.path, env, epmdPort);
  const server = new RabbitmqServer(url, port, main, epmd, env, dirname(script), home.scratch);
  await server.start();
  return server;
}

/** AMQP 0-9-1: a method frame on channel 0 with Connection.Start (10, 10). */
function isConnectionStart(answer: Buffer): boolean {
  return answer[0] === 1 && answer.readUInt16BE(1) === 0 && answer.readUInt32BE(7) === 0x000a000a;
}

/** Starts epmd in the foreground, so that it can be stopped; Erlang would start it as a daemon and leave it running. */
function nameServer(home: string, env: NodeJS.ProcessEnv, port: number): ServerProcess {
  return new ServerProcess({
    name: 'epmd',
    command: 'epmd',
    args: ['-port', String(port), '-address', '127.0.0.1'],
    env,
    cwd: home,
    output: `${home}/epmd.log`,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 5_000,
    isReady: () => answers(port, '\x00\x01n', () => true), // NAMES_REQ
  });
}

/**
 * The script itself. Debian's `rabbitmq-server` on PATH is a wrapper that changes to the user rabbitmq and to the
 * folders of the system's own broker.
 */
function findScript(): string | undefined {
  const lib = '/usr/lib/rabbitmq/lib';
  const releases = existsSync(lib) ? readdirSync(lib).toSorted() : [];
  const packaged = releases.map((release) => `${lib}/${release}/sbin/rabbitmq-server`).findLast(isExecutable);
  return packaged ?? findOnPath('rabbitmq-server');
}

function configure(home: string, port: number, password: string): void {
  mkdirSync(`${home}/log`, { recursive: true });
  writeFileSync(`${home}/enabled_plugins`, '[].\n');
  writeFileSync(
    `${home}/rabbitmq.conf`,
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'default_user = crm',
      `default_pass = ${password}`,
      'log.console = true',
      'log.console.level = warning',
      'log.file = false',
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
}

function environment(home: string, distributionPort: number, epmdPort: number): NodeJS.ProcessEnv {
  return {
    PATH: [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter),
    LANG: 'C.UTF-8',
    HOME: home, // the Erlang cookie is made here
    detached: 'true', // the script then becomes the broker, so that its pid is the broker's
    ERL_CRASH_DUMP: `${home}/erl_crash.dump`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: 'crm@localhost', // known to our epmd alone, so it need not be unique
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: `${home}/rabbitmq.conf`,
    RABBITMQ_ADVANCED_CONFIG_FILE: `${home}/advanced.config`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${home}/enabled_plugins`,
    RABBITMQ_MNESIA_BASE: `${home}/mnesia`,
    RABBITMQ_LOG_BASE: `${home}/log`,
    RABBITMQ_PID_FILE: `${home}/pid`,
  };
}
