import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientsModule } from '#crm/clients';
import { DealsModule, DealsWorkerModule } from '#crm/deals';
import { ImportsWorkerModule } from '#crm/imports';
import { PoliciesModule } from '#crm/policies';
import { AuthGuard, AuthModule } from '#platform/auth';
import { ConfigModule } from '#platform/config';
import { CqrsModule } from '#platform/cqrs';
import { HealthModule, HttpModule } from '#platform/http';
import { JobsModule } from '#platform/jobs';
import { MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { MIGRATIONS } from '../../../migrations/index.js';
import { HOUSEKEEPING, HousekeepingJob } from './housekeeping.job.js';
import { WorkerChecks } from './worker-checks.js';

/** What happens by itself: orders and publishes the log, listens to events, runs jobs. */
@Module({})
export class WorkerModule {
  /** @throws SettingsError naming every fault of the configuration. */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(env),
        ObservabilityModule,
        PersistenceModule.forRoot('crm-worker'),
        CqrsModule.forRoot(),
        MessagingModule.forWorker(Boolean(env.CRM_RABBITMQ_URL)),
        JobsModule.forWorker(),
        AuthModule,
        HttpModule,
        HealthModule.forRoot(MIGRATIONS),
        JobsModule.processing(HOUSEKEEPING),
        ClientsModule,
        DealsModule,
        DealsWorkerModule,
        ImportsWorkerModule,
        PoliciesModule,
      ],
      providers: [WorkerChecks, HousekeepingJob, { provide: APP_GUARD, useExisting: AuthGuard }],
    };
  }
}
