import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Database, type MigrationClass } from '#platform/persistence';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { Readiness } from './readiness.js';

/** Probes and metrics, at the root of every application. */
@Module({})
export class HealthModule {
  /** @param migrations those that this code was written for. */
  static forRoot(migrations: readonly MigrationClass[]): DynamicModule {
    return {
      module: HealthModule,
      global: true,
      imports: [TerminusModule.forRoot({ errorLogStyle: 'json', logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [
        {
          provide: Readiness,
          useFactory: (database: Database) => new Readiness(database, migrations),
          inject: [Database],
        },
      ],
      exports: [Readiness],
    };
  }
}
