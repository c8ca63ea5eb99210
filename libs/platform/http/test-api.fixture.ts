import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { JwtAuthGuard } from '#platform/auth';
import { AuthSettings, HttpSettings, loadSettings, RuntimeSettings, TransferSettings } from '#platform/config';
import { Clock, SystemClock } from '#platform/kernel';
import { describeError, Log } from '#platform/observability';
import { configureHttp, createHttpAdapter } from './server/http-application.js';
import { HttpModule } from './http.module.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';

/** One line that the application wrote at level error. */
export interface Logged {
  readonly fields: object;
  readonly message: string;
}

export interface TestApi {
  readonly app: NestFastifyApplication;
  readonly logged: readonly Logged[];
  readonly inject: NestFastifyApplication['inject'];
  close(): Promise<void>;
}

/** What an application gives to every module. */
function surroundings(env: NodeJS.ProcessEnv, log: object): DynamicModule {
  @Module({})
  class SurroundingsModule {}
  const values = { CRM_PUBLIC_URL: 'https://crm.example/', CRM_JWT_ACCESS_SECRET: 's'.repeat(32), ...env };
  const settings = loadSettings(values, [HttpSettings, AuthSettings, TransferSettings, RuntimeSettings]);
  return {
    module: SurroundingsModule,
    global: true,
    providers: [
      ...[...settings].map(([provide, useValue]) => ({ provide, useValue })),
      { provide: Log, useValue: log },
      { provide: Clock, useClass: SystemClock },
    ],
    exports: [...settings.keys(), Log, Clock],
  };
}

/** A real application over Fastify with these controllers, without a database. */
export async function createTestApi(
  controllers: readonly Type[],
  env: NodeJS.ProcessEnv = {},
  beforeInit: (app: NestFastifyApplication) => void = () => undefined,
): Promise<TestApi> {
  const logged: Logged[] = [];
  const log = {
    error: (fields: { err?: unknown }, message: string) =>
      // As the log writes it.
      void logged.push({ fields: { ...fields, err: describeError(fields.err) }, message }),
  };
  const module = await Test.createTestingModule({
    imports: [surroundings(env, log), HttpModule.forRoot({ throttling: false })],
    controllers: [...controllers],
  })
    .overrideProvider(JwtAuthGuard)
    .useValue({ canActivate: () => true })
    .overrideProvider(IdempotencyKeys)
    .useValue({})
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(), {
    bodyParser: false,
    logger: false,
  });
  configureHttp(app);
  beforeInit(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return { app, logged, inject: app.inject.bind(app), close: () => app.close() };
}
