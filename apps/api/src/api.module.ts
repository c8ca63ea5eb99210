import { type DynamicModule, Module } from '@nestjs/common';
import { ClientsHttpModule } from '#crm/clients';
import { DealsHttpModule } from '#crm/deals';
import { DocumentsHttpModule } from '#crm/documents';
import { ImportsHttpModule } from '#crm/imports';
import { JournalsHttpModule } from '#crm/journals';
import { PaymentsHttpModule } from '#crm/payments';
import { PoliciesHttpModule } from '#crm/policies';
import { QuotesHttpModule } from '#crm/quotes';
import { SettingsModule } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { HealthModule, HttpModule } from '#platform/http';
import { JobsModule } from '#platform/jobs';
import { MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { MIGRATIONS } from '../../../migrations/index.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { EventsModule } from './events/events.module.js';
import { QUEUES } from './queues/queues.js';
import { RpcModule } from './rpc/rpc.module.js';
import { StreamsModule } from './streams/streams.module.js';

/** The HTTP API for users and other services. */
@Module({})
export class ApiModule {
  /** @throws SettingsError naming every fault of the configuration. */
  static forRoot(env: NodeJS.ProcessEnv): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        SettingsModule.forRoot(env),
        ObservabilityModule,
        PersistenceModule.forRoot('crm-api', { waits: true }),
        BusModule.forRoot(),
        MessagingModule.forRoot({ process: 'api' }),
        JobsModule.forRoot(),
        JobsModule.registerQueue(...QUEUES),
        HttpModule.forRoot({ throttling: true }),
        HealthModule.forRoot(MIGRATIONS),
        ClientsHttpModule,
        DealsHttpModule,
        DocumentsHttpModule,
        ImportsHttpModule,
        JournalsHttpModule,
        PaymentsHttpModule,
        PoliciesHttpModule,
        QuotesHttpModule,
        CatalogueModule,
        StreamsModule,
        RpcModule,
        EventsModule,
      ],
    };
  }
}
