import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BrokerSettings, DatabaseSettings, HttpSettings, loadSettings, RuntimeSettings } from '#platform/config';
import { Clock, DomainError, SystemClock } from '#platform/kernel';
import { isTypePattern, MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { CommandError } from '../command.js';
import { withDatabase } from '../database.js';

const SETTINGS = [RuntimeSettings, DatabaseSettings, BrokerSettings, HttpSettings] as const;

/** The log and, when it is asked for, RabbitMQ. */
@Module({})
class LogModule {
  static forRoot(env: NodeJS.ProcessEnv, hasBroker: boolean): DynamicModule {
    const loaded = loadSettings(env, SETTINGS);
    const settings = SETTINGS.map((concern) => ({ provide: concern, useValue: loaded.get(concern) }));
    return {
      module: LogModule,
      global: true,
      imports: [ObservabilityModule, PersistenceModule.forRoot('crm-events'), MessagingModule.forCommand(hasBroker)],
      providers: [...settings, { provide: Clock, useClass: SystemClock }],
      exports: [...SETTINGS, Clock],
    };
  }
}

/**
 * Runs `work` with the log of the database that is configured, else of the one of `npm start`.
 * @param hasBroker whether RabbitMQ is needed too.
 * @throws CommandError, SettingsError
 */
export async function withLog(
  env: NodeJS.ProcessEnv,
  hasBroker: boolean,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  if (hasBroker && !env.CRM_RABBITMQ_URL) {
    throw new CommandError('There is no queue without RabbitMQ: CRM_RABBITMQ_URL says where it is.');
  }
  await withDatabase(env, async (url) => {
    // What is printed is for a person or a program, and the log is neither's.
    const own = { CRM_DATABASE_URL: url, CRM_LOG_LEVEL: 'silent' };
    const module = LogModule.forRoot({ ...env, ...own }, hasBroker);
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false }).catch(
      (error: unknown) => {
        throw new CommandError(`PostgreSQL or RabbitMQ can't be reached: ${(error as Error).message}.`);
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

/** @throws CommandError when one is no pattern. */
export function patternsOf(types: readonly string[] = []): string[] {
  const patterns = types.flatMap((text) => text.split(','));
  const wrong = patterns.find((pattern) => !isTypePattern(pattern));
  if (wrong === undefined) return patterns;
  throw new CommandError(`--types takes event types such as deal.payment.*, not ${wrong}.`);
}
