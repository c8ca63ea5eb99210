import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BrokerSettings,
  DatabaseSettings,
  HttpSettings,
  loadSettings,
  RedisSettings,
  RuntimeSettings,
  WorkerSettings,
} from '#platform/config';
import { Clock, DomainError, SystemClock } from '#platform/kernel';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { CommandError } from '../command.js';
import { withDatabase } from './database.js';

const SETTINGS = [
  RuntimeSettings,
  DatabaseSettings,
  BrokerSettings,
  RedisSettings,
  HttpSettings,
  WorkerSettings,
] as const;

/** Platform modules of every command: settings, clock, database, and a silent log. */
@Module({})
class CommandModule {
  static forRoot(env: NodeJS.ProcessEnv, imports: readonly DynamicModule[]): DynamicModule {
    const loaded = loadSettings(env, SETTINGS);
    const settings = SETTINGS.map((concern) => ({ provide: concern, useValue: loaded.get(concern) }));
    return {
      module: CommandModule,
      global: true,
      imports: [ObservabilityModule, PersistenceModule.forRoot('crm-command'), ...imports],
      providers: [...settings, { provide: Clock, useClass: SystemClock }],
      exports: [...SETTINGS, Clock],
    };
  }
}

/**
 * Runs `work` with modules of the service, on the database that is configured, else on the one of `npm start`.
 * @throws CommandError, SettingsError
 */
export async function withApplication(
  env: NodeJS.ProcessEnv,
  imports: readonly DynamicModule[],
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  await withDatabase(env, async (url) => {
    // The output of a command is its result only.
    const own = { CRM_DATABASE_URL: url, CRM_LOG_LEVEL: 'silent' };
    const module = CommandModule.forRoot({ ...env, ...own }, imports);
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false }).catch(
      (error: unknown) => {
        throw new CommandError(`PostgreSQL, Redis or RabbitMQ can't be reached: ${(error as Error).message}.`);
      },
    );
    try {
      await work(app);
    } catch (error) {
      throw error instanceof DomainError ? new CommandError(error.message) : error;
    } finally {
      await app.close();
    }
  });
}
