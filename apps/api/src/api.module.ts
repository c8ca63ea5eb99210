import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientsHttpModule } from '#crm/clients';
import { DEAL_QUEUES, DealsHttpModule } from '#crm/deals';
import { DocumentsHttpModule } from '#crm/documents';
import { JournalsHttpModule } from '#crm/journals';
import { PAYMENT_QUEUES, PaymentsHttpModule } from '#crm/payments';
import { PoliciesHttpModule, POLICY_QUEUES } from '#crm/policies';
import { QUOTE_QUEUES, QuotesHttpModule } from '#crm/quotes';
import { AuthGuard, AuthModule } from '#platform/auth';
import { ConfigModule } from '#platform/config';
import { CqrsModule } from '#platform/cqrs';
import { HealthModule, HttpModule } from '#platform/http';
import { HOUSEKEEPING, JobsModule } from '#platform/jobs';
import { EVENT_REPLAYS, MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { MIGRATIONS } from '../../../migrations/index.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { EventsModule } from './events/events.module.js';
import { RpcModule } from './rpc/rpc.module.js';
import { StreamsModule } from './streams/streams.module.js';

/** Every queue that the worker runs: the dashboard shows them all. */
const QUEUES = [...DEAL_QUEUES, ...QUOTE_QUEUES, ...POLICY_QUEUES, ...PAYMENT_QUEUES, EVENT_REPLAYS, HOUSEKEEPING];

/** HTTP: what people and other services ask for. */
@Module({})
export class ApiModule {
  /** @throws SettingsError naming every fault of the configuration. */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        ConfigModule.forRoot(env),
        ObservabilityModule,
        PersistenceModule.forRoot('crm-api'),
        CqrsModule.forRoot(),
        MessagingModule.forApi(),
        JobsModule.forRoot(),
        JobsModule.queues(...QUEUES),
        AuthModule,
        HttpModule,
        HealthModule.forRoot(MIGRATIONS),
        ClientsHttpModule,
        DealsHttpModule,
        DocumentsHttpModule,
        JournalsHttpModule,
        PaymentsHttpModule,
        PoliciesHttpModule,
        QuotesHttpModule,
        CatalogueModule,
        StreamsModule,
        RpcModule,
        EventsModule,
      ],
      providers: [{ provide: APP_GUARD, useExisting: AuthGuard }],
    };
  }
}
