import { type DynamicModule, Module } from '@nestjs/common';
import { ClientsWorkerModule } from '#crm/clients';
import { DealsModule, DealsWorkerModule } from '#crm/deals';
import { ImportsWorkerModule } from '#crm/imports';
import { PaymentsModule, PaymentsWorkerModule } from '#crm/payments';
import { PoliciesModule, PoliciesWorkerModule } from '#crm/policies';
import { QuotesWorkerModule } from '#crm/quotes';
import { SettingsModule } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { HealthModule, HttpModule } from '#platform/http';
import { HOUSEKEEPING, JobsModule } from '#platform/jobs';
import { EVENT_REPLAYS, MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { RemindersModule } from '#platform/reminders';
import { MIGRATIONS } from '../../../migrations/index.js';
import { AddPartitionsJob } from './add-partitions.job.js';
import { HousekeepingJob } from './housekeeping.job.js';
import { ReplayEventsJob } from './replay-events.job.js';
import { RetainEventsJob } from './retain-events.job.js';
import { WorkerChecks } from './worker-checks.js';

/** Background process: sequences and publishes the event log, runs subscribers and jobs. */
@Module({})
export class WorkerModule {
  /** @throws SettingsError naming every fault of the configuration. */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        SettingsModule.forRoot(env),
        ObservabilityModule,
        PersistenceModule.forRoot('crm-worker', { waits: true }),
        BusModule.forRoot(),
        MessagingModule.forRoot({ process: 'worker', hasBroker: Boolean(env.CRM_RABBITMQ_URL) }),
        JobsModule.forRoot({ worker: true }),
        HttpModule.forRoot({ throttling: false }),
        HealthModule.forRoot(MIGRATIONS),
        RemindersModule.forRoot(),
        JobsModule.registerProcessor(HOUSEKEEPING, EVENT_REPLAYS),
        ClientsWorkerModule,
        DealsModule,
        DealsWorkerModule,
        ImportsWorkerModule,
        PoliciesModule,
        QuotesWorkerModule,
        PoliciesWorkerModule,
        PaymentsModule,
        PaymentsWorkerModule,
      ],
      providers: [WorkerChecks, HousekeepingJob, AddPartitionsJob, RetainEventsJob, ReplayEventsJob],
    };
  }
}
