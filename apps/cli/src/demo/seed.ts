import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { ClientsModule } from '#crm/clients';
import { DealsModule } from '#crm/deals';
import { DocumentsModule } from '#crm/documents';
import { JournalsModule } from '#crm/journals';
import { PaymentsModule } from '#crm/payments';
import { PoliciesModule } from '#crm/policies';
import { QuotesModule } from '#crm/quotes';
import { ClientSettings, DatabaseSettings, loadSettings, RuntimeSettings } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { Clock, type Instant, SystemClock } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import {
  ADVISORY_LOCKS,
  Database,
  DatabaseClient,
  databaseOptions,
  PersistenceModule,
  statement,
  UnitOfWork,
} from '#platform/persistence';
import { type DemoBook, drawBook } from './book.js';
import { WorkingTime } from './content/working-time.js';

/** Application name in pg_stat_activity. */
const APPLICATION = 'crm-demo';
/** Time limit of the lock: a second seed waits for the first, longer than a request's statement may take. */
const STATEMENT_TIMEOUT_MS = 600_000;
const LOCK = statement('SELECT pg_advisory_xact_lock($1::bigint)');
const ANY_CLIENT = statement('SELECT EXISTS (SELECT 1 FROM crm.clients) AS known');

/** Numbers of added rows. */
export interface Seeded {
  readonly clients: number;
  readonly deals: number;
}

type OnProgress = (done: number, total: number) => void;

const NOTHING: Seeded = { clients: 0, deals: 0 };

/** Clock at the time of the current act. */
class ActingClock extends Clock {
  constructor(public at: Instant) {
    super();
  }

  now(): Instant {
    return this.at;
  }
}

const SETTINGS = [RuntimeSettings, DatabaseSettings, ClientSettings] as const;

/** Modules of the domains, without controllers. */
@Module({})
class DemoModule {
  static forRoot(env: NodeJS.ProcessEnv, clock: Clock): DynamicModule {
    const settings = [...loadSettings(env, SETTINGS)].map(([provide, useValue]) => ({ provide, useValue }));
    return {
      module: DemoModule,
      global: true,
      imports: [
        ObservabilityModule,
        PersistenceModule.forRoot(APPLICATION),
        BusModule.forRoot(),
        MessagingModule.forRoot({ process: 'api' }),
        ClientsModule,
        DealsModule,
        DocumentsModule,
        JournalsModule,
        PaymentsModule,
        PoliciesModule,
        QuotesModule,
      ],
      providers: [...settings, { provide: Clock, useValue: clock }],
      exports: [...SETTINGS, Clock],
    };
  }
}

/** Whether a migrated database has clients, deleted ones too. */
export async function isSeeded(databaseUrl: string): Promise<boolean> {
  const client = new DatabaseClient(databaseOptions(databaseUrl, APPLICATION, STATEMENT_TIMEOUT_MS));
  await client.connect();
  try {
    const { rows } = await client.query<{ known: boolean }>(ANY_CLIENT.text);
    return rows[0]!.known;
  } finally {
    await client.end();
  }
}

/**
 * Fills an empty, migrated database with an invented brokerage: half a year of history. The demo users run the commands
 * of the domains in one transaction, so the result is complete or absent. A database that has clients is not changed.
 *
 * @param env the rest of the configuration: time zone, log level.
 * @param clock the current day; the same day creates the same book except for the ids.
 * @param onProgress receives the number of finished acts and of all acts.
 * @throws SettingsError
 */
export async function seedDemo(
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
  clock: Clock = new SystemClock(),
  onProgress: OnProgress = () => undefined,
): Promise<Seeded> {
  if (await isSeeded(databaseUrl)) return NOTHING;
  const acting = new ActingClock(clock.now());
  const own = { CRM_DATABASE_URL: databaseUrl, CRM_DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS) };
  const module = DemoModule.forRoot({ ...env, ...own }, acting);
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    const book = drawBook(new WorkingTime(clock.now(), app.get(RuntimeSettings).timeZone));
    return await app.get(UnitOfWork).run(() => write(book, app, acting, onProgress));
  } finally {
    await app.close();
  }
}

async function write(
  { clients, deals, acts }: DemoBook,
  app: INestApplicationContext,
  clock: ActingClock,
  onProgress: OnProgress,
): Promise<Seeded> {
  const database = app.get(Database);
  await database.query(LOCK, [ADVISORY_LOCKS.seed]);
  if ((await database.first<{ known: boolean }>(ANY_CLIENT))?.known) return NOTHING;
  const commands = app.get(CommandBus);
  for (const [index, { at, command, done }] of acts.entries()) {
    clock.at = at;
    const result: unknown = await commands.execute(command());
    done?.(result as { id: string });
    onProgress(index + 1, acts.length);
  }
  return { clients: clients.length, deals: deals.length };
}
