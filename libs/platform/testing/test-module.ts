import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { SettingsModule } from '#platform/config';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { overriding, type Override } from './override.js';

/** Parts of a test module beside configuration, observability and the database. */
export interface TestModuleParts extends Pick<ModuleMetadata, 'imports' | 'providers'> {
  readonly overrides?: readonly Override[];
}

/**
 * Starts an application without a server, for a test of what needs no more than this.
 * @param env as `testEnvironment` gives it.
 */
export async function startTestModule(env: NodeJS.ProcessEnv, parts: TestModuleParts = {}): Promise<TestingModule> {
  const { imports = [], providers = [], overrides = [] } = parts;
  const builder = Test.createTestingModule({
    imports: [SettingsModule.forRoot(env), ObservabilityModule, PersistenceModule.forRoot('crm-test'), ...imports],
    providers,
  });
  const module = await overriding(builder, overrides).compile();
  return module.init();
}
