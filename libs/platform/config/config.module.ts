import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from '#platform/kernel';
import { loadSettings } from './load.js';
import {
  AuthSettings,
  BrokerSettings,
  DatabaseSettings,
  HttpSettings,
  RedisSettings,
  RuntimeSettings,
  StreamSettings,
  TransferSettings,
  WorkerSettings,
} from './schemas.js';
import type { SettingsClass } from './settings.js';

/** Every concern there is, in the order of `.env.example`. */
export const ALL_SETTINGS: readonly SettingsClass[] = [
  RuntimeSettings,
  DatabaseSettings,
  BrokerSettings,
  RedisSettings,
  HttpSettings,
  AuthSettings,
  StreamSettings,
  TransferSettings,
  WorkerSettings,
];

/** What a process takes from outside: each concern's settings for whoever injects its class, and the time. */
@Module({})
export class ConfigModule {
  /**
   * @param env the environment to read, `process.env` of the running program.
   * @throws SettingsError naming every fault.
   */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    const loaded = loadSettings(env, ALL_SETTINGS);
    const providers = [...loaded].map(([provide, useValue]) => ({ provide, useValue }));
    return {
      module: ConfigModule,
      global: true,
      providers: [...providers, { provide: Clock, useClass: SystemClock }],
      exports: [...ALL_SETTINGS, Clock],
    };
  }
}
