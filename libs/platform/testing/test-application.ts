import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { configureHttp, createHttpAdapter } from '#platform/http';
import { newId } from '#platform/kernel';
import { Log } from '#platform/observability';
import { type Override, overriding } from './override.js';
import { TestUser } from './test-user.js';

/** A whole application over Fastify, wired as the programs wire it. */
export class TestApplication {
  constructor(readonly nest: NestFastifyApplication) {}

  /** Sends a request without a socket. */
  get inject(): NestFastifyApplication['inject'] {
    return this.nest.inject.bind(this.nest);
  }

  /** Creates a new user with these roles, in the names of the Auth service. */
  user(...roles: string[]): TestUser {
    return new TestUser(this.inject, newId(), roles);
  }

  /** A client without a token. */
  stranger(): TestUser {
    return new TestUser(this.inject, newId(), null);
  }

  /** Listens on a free port of this machine alone, and says where. */
  async listen(): Promise<string> {
    await this.nest.listen(0, '127.0.0.1');
    return this.nest.getUrl();
  }

  close(): Promise<void> {
    return this.nest.close();
  }
}

/**
 * Starts the application of `module`, ready for requests but not listening.
 * @param overrides what stands in the place of the module's own providers, e.g. a fixed clock.
 * @param prepare last additions before it is initialised, e.g. the documents it serves.
 */
export async function startTestApplication(
  module: Type | DynamicModule,
  overrides: readonly Override[] = [],
  prepare: (app: NestFastifyApplication) => void = () => undefined,
): Promise<TestApplication> {
  const compiled = await overriding(Test.createTestingModule({ imports: [module] }), overrides).compile();
  const app = compiled.createNestApplication<NestFastifyApplication>(createHttpAdapter(), { bodyParser: false });
  app.useLogger(app.get(Log));
  configureHttp(app);
  prepare(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return new TestApplication(app);
}
