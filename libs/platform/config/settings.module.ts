import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from '#platform/kernel';
import { loadSettings, SettingsError } from './load.js';
import { ALL_SETTINGS } from './schemas.js';
import { type UnknownVariable, unknownVariables } from './unknown-variables.js';

/** Every CRM_* variable of `env` that no setting reads, e.g. because of a typing error. */
export function unknownSettings(env: NodeJS.ProcessEnv): readonly UnknownVariable[] {
  const known = ALL_SETTINGS.flatMap(({ fields }) => Object.values(fields).map(({ name }) => name));
  return unknownVariables(env, known);
}

/** The variables of this process that no setting reads. */
export class UnknownSettings {
  constructor(readonly found: readonly UnknownVariable[]) {}
}

/** Provides the settings of each concern by its class, and the clock. */
@Module({})
export class SettingsModule {
  /**
   * @param env the environment to read, `process.env` of the running program.
   * @throws SettingsError naming every fault.
   */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    const loaded = loadAll(env);
    const providers = [...loaded].map(([provide, useValue]) => ({ provide, useValue }));
    return {
      module: SettingsModule,
      global: true,
      providers: [
        ...providers,
        { provide: UnknownSettings, useValue: new UnknownSettings(unknownSettings(env)) },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [...ALL_SETTINGS, UnknownSettings, Clock],
    };
  }
}

/** A misspelt name is often why a required setting is missing, so both are shown together. */
function loadAll(env: NodeJS.ProcessEnv): ReturnType<typeof loadSettings> {
  try {
    return loadSettings(env, ALL_SETTINGS);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new SettingsError([...error.faults, ...unknownSettings(env).map(({ message }) => message)]);
  }
}
