import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath, findOrInstall, isExecutable } from './processes/executables.js';
import { type Home, homeOf } from './home.js';
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
    private readonly environment: NodeJS.ProcessEnv,
    /** Folder of RabbitMQ's own programs. */
    private readonly programs: string,
    scratch?: string,
    nameServer?: ServerProcess,
  ) {
    super(url, port, main, scratch, nameServer);
  }

  /**
   * Runs `rabbitmqctl` with these arguments on the running server.
   * @returns its output.
   * @throws Error with its output when it fails.
   */
  async control(...args: readonly string[]): Promise<string> {
    const options = { env: this.environment, cwd: '/' };
    return (await promisify(execFile)(join(this.programs, 'rabbitmqctl'), args, options)).stdout;
  }
}

/** A node of RabbitMQ and the epmd that knows it. */
export interface RabbitmqNode {
  /** Of {@link findRabbitmq}. */
  readonly script: string;
  /** Known to this epmd alone, so it need not be unique on the machine. */
  readonly name: string;
  readonly home: Home;
  readonly password: string;
  readonly epmdPort: number;
  /** Started before the node and stopped after it; unset when nodes share one. */
  readonly epmd?: ServerProcess;
  /** Names of the nodes of its cluster; none for a RabbitMQ of its own. */
  readonly peers: readonly string[];
}

/**
 * Starts a RabbitMQ of its own; it takes 6–8 s. What was declared durable survives `stop` and `kill`.
 * @throws ServiceError `missing` or `start`.
 */
export async function startRabbitmq(options: ServiceOptions = {}): Promise<RabbitmqServer> {
  const script = await findRabbitmq();
  const home = homeOf('rabbitmq', options.dataDirectory);
  const epmdPort = await freePort();
  const epmd = nameServer(home.path, epmdPort);
  const password = storedSecret(`${home.path}/password`);
  const server = await rabbitmqNode({ script, name: 'crm', home, password, epmdPort, epmd, peers: [] });
  await server.start();
  return server;
}

/** Configures a node; the caller starts it. */
export async function rabbitmqNode(node: RabbitmqNode): Promise<RabbitmqServer> {
  const { script, home, password, epmd } = node;
  const [port, distributionPort] = [await freePort(), await freePort()];
  configure(node, port);
  const env = environment(node, distributionPort);
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
  return new RabbitmqServer(url, port, main, env, dirname(script), home.scratch, epmd);
}

/** AMQP 0-9-1: a method frame on channel 0 with Connection.Start (10, 10). */
function isConnectionStart(answer: Buffer): boolean {
  return answer[0] === 1 && answer.readUInt16BE(1) === 0 && answer.readUInt32BE(7) === 0x000a000a;
}

/** Starts epmd in the foreground, so that it can be stopped; Erlang would start it as a daemon and leave it running. */
export function nameServer(home: string, port: number): ServerProcess {
  return new ServerProcess({
    name: 'epmd',
    command: 'epmd',
    args: ['-port', String(port), '-address', '127.0.0.1'],
    env: { PATH: programFolders(), HOME: home, LANG: 'C.UTF-8', ERL_EPMD_ADDRESS: '127.0.0.1' },
    cwd: home,
    output: `${home}/epmd.log`,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 5_000,
    isReady: () => answers(port, '\x00\x01n', () => true), // NAMES_REQ
  });
}

/** @throws ServiceError `missing`. */
export function findRabbitmq(): Promise<string> {
  return findOrInstall('rabbitmq-server', findScript);
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

function configure({ home: { path: home }, password, peers }: RabbitmqNode, port: number): void {
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
      ...peers.map((peer, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${peer}@localhost`),
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
}

function programFolders(): string {
  return [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
}

function environment(
  { name, home: { path: home }, epmdPort }: RabbitmqNode,
  distributionPort: number,
): NodeJS.ProcessEnv {
  return {
    PATH: programFolders(),
    LANG: 'C.UTF-8',
    HOME: home, // the Erlang cookie is made here
    detached: 'true', // the script then becomes the broker, so that its pid is the broker's
    ERL_CRASH_DUMP: `${home}/erl_crash.dump`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: `${name}@localhost`,
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
