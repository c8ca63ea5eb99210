import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { HttpSettings, loadSettings, RuntimeSettings } from '#platform/config';
import { describeError, Log } from '#platform/observability';
import { configureHttp, createHttpAdapter } from './server/http-application.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';

/** One line that the application wrote at level error. */
export interface Logged {
  readonly fields: object;
  readonly message: string;
}

export interface TrialApi {
  readonly app: NestFastifyApplication;
  readonly logged: readonly Logged[];
  readonly inject: NestFastifyApplication['inject'];
  close(): Promise<void>;
}

/** A real application over Fastify with these controllers, without a database. */
export async function trialApi(
  controllers: readonly Type[],
  env: NodeJS.ProcessEnv = {},
  beforeInit: (app: NestFastifyApplication) => void = () => undefined,
): Promise<TrialApi> {
  const logged: Logged[] = [];
  const log = {
    error: (fields: { err?: unknown }, message: string) =>
      // As the log writes it.
      void logged.push({ fields: { ...fields, err: describeError(fields.err) }, message }),
  };
  const settings = [
    ...loadSettings({ CRM_PUBLIC_URL: 'https://crm.example/', ...env }, [HttpSettings, RuntimeSettings]),
  ];
  const module = await Test.createTestingModule({
    controllers: [...controllers],
    providers: [
      ...settings.map(([provide, useValue]) => ({ provide, useValue })),
      { provide: Log, useValue: log },
      { provide: IdempotencyKeys, useValue: {} },
    ],
  }).compile();
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
