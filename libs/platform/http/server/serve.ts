import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exitOnSettingsError, RuntimeSettings, UnknownSettings } from '#platform/config';
import { Log, Metrics } from '#platform/observability';
import { Readiness } from '../health/readiness.js';
import { installRequestMetrics } from '../health/request-metrics.js';
import { createHttpApplication } from './http-application.js';

/** A process of the service, for {@link serve}. */
export interface Program {
  readonly name: string;
  /**
   * Creates the root module.
   * @throws SettingsError naming every fault of the configuration.
   */
  readonly module: (env: NodeJS.ProcessEnv) => Type | DynamicModule;
  /** Where to listen, asked of the created application. */
  readonly address: (app: NestFastifyApplication) => { readonly host: string; readonly port: number };
  /** Last additions before it listens. */
  readonly prepare?: (app: NestFastifyApplication) => void;
  /** What begins once it listens. */
  readonly begin?: (app: NestFastifyApplication) => void;
}

const EX_UNAVAILABLE = 69;

/**
 * Runs an application until SIGTERM or SIGINT, then lets accepted requests and running jobs finish. If it can't start, it
 * prints the reason in one line and exits with 78 for a fault of the configuration, with 69 for any other.
 */
export async function serve(program: Program, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const app = await createHttpApplication(program.module(env));
    for (const { message } of app.get(UnknownSettings, { strict: false }).found) app.get(Log).warn(message);
    installRequestMetrics(app.getHttpAdapter().getInstance(), app.get(Metrics));
    program.prepare?.(app);
    await app.get(Readiness, { strict: false }).requireSchema();
    const { host, port } = program.address(app);
    stopOnSignals(app, program.name);
    await app.listen(port, host);
    program.begin?.(app);
    app.get(Log).info({ program: program.name, url: await app.getUrl() }, 'started');
  } catch (error) {
    exitOnSettingsError(error);
    process.stderr.write(`${program.name} cannot start: ${reasonOf(error)}\n`);
    process.exit(EX_UNAVAILABLE);
  }
}

function stopOnSignals(app: NestFastifyApplication, name: string): void {
  const log = app.get(Log);
  const { shutdownTimeoutMs } = app.get(RuntimeSettings, { strict: false });
  const stop = (signal: string): void => {
    log.info({ program: name, signal }, 'stopping');
    // A hanging call must not block the exit: the log and Bull recover interrupted work.
    setTimeout(() => {
      log.error({ program: name }, 'did not stop in time, leaving');
      process.exit(1);
    }, shutdownTimeoutMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error, program: name }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}
