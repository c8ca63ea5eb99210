import {
  ALL_SETTINGS,
  type AuthSettings,
  DatabaseSettings,
  HttpSettings,
  loadSettings,
  RuntimeSettings,
  unknownSettings,
  WorkerSettings,
} from '#platform/config';
import { freePort, isPortFree } from '#platform/services';
import { CommandError } from '../command.js';
import { developmentAuth } from './token.js';

/** Settings of the API and the worker on a developer's machine. */
export interface DevelopmentSettings {
  /** For both; without CRM_DATABASE_URL when the database is our own. */
  readonly env: NodeJS.ProcessEnv;
  readonly auth: AuthSettings;
  /** Where both can be reached from this machine. */
  readonly host: string;
  /** The address both listen on. */
  readonly listensOn: string;
  readonly apiPort: number;
  readonly workerPort: number;
  readonly shutdownTimeoutMs: number;
}

/** The demo brokerage is older than the default retention, so events are never deleted. */
const DEFAULTS = { CRM_LOG_LEVEL: 'warn', NODE_ENV: 'development', CRM_EVENTS_RETENTION_DAYS: '0' };

/**
 * Completes the environment for development: a secret for tokens, a readable log, free ports and the public URL.
 * @throws SettingsError with every fault, CommandError for a port that is taken and in production.
 */
export async function developmentSettings(given: NodeJS.ProcessEnv): Promise<DevelopmentSettings> {
  const env: NodeJS.ProcessEnv = { ...DEFAULTS, ...usable(given) };
  if (env.NODE_ENV === 'production') {
    throw new CommandError(
      'This starts a service for development: in production start the API and the worker themselves.',
    );
  }
  const auth = developmentAuth(env);
  const complete: NodeJS.ProcessEnv = { ...env, CRM_JWT_ACCESS_SECRET: auth.accessSecret };
  const concerns = ALL_SETTINGS.filter((concern) => concern !== DatabaseSettings || env.CRM_DATABASE_URL);
  const loaded = loadSettings(complete, concerns);
  const http = loaded.get(HttpSettings) as HttpSettings;
  const worker = loaded.get(WorkerSettings) as WorkerSettings;
  const apiPort = await takePort('CRM_PORT', http.port, http.host);
  const workerPort = await takePort('CRM_WORKER_PORT', worker.port, http.host);
  if (apiPort === workerPort)
    throw new CommandError(`CRM_PORT and CRM_WORKER_PORT are both ${apiPort}: set one of them.`);
  const host = ['0.0.0.0', '::'].includes(http.host) ? '127.0.0.1' : http.host;
  return {
    env: {
      CRM_PUBLIC_URL: `http://${host}:${apiPort}`,
      ...complete,
      CRM_PORT: String(apiPort),
      CRM_WORKER_PORT: String(workerPort),
    },
    auth,
    host,
    listensOn: http.host,
    apiPort,
    workerPort,
    shutdownTimeoutMs: (loaded.get(RuntimeSettings) as RuntimeSettings).shutdownTimeoutMs,
  };
}

/** Omits empty variables, which count as unset, and unknown ones, which the API and the worker report themselves. */
function usable(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const unknown = unknownSettings(env);
  for (const { message } of unknown) process.stderr.write(`${message}\n`);
  const ignored = unknown.map(({ name }) => name);
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== '' && !ignored.includes(name)));
}

async function takePort(variable: string, port: number, host: string): Promise<number> {
  if (port === 0) return freePort();
  if (await isPortFree(port, host)) return port;
  throw new CommandError(`Port ${port} is in use: stop the other program or set ${variable}.`);
}
