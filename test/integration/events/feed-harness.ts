import { Module, type Type } from '@nestjs/common';
import { SettingsModule } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { HttpModule } from '#platform/http';
import { JobsModule } from '#platform/jobs';
import { MessagingModule } from '#platform/messaging';
import { ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { startTestApplication, type TestApplication, testEnvironment, type TestUser, until } from '#platform/testing';
import { EventFeed, FeedTrust } from '../../../apps/api/src/events/event-feed.js';
import { EventsModule } from '../../../apps/api/src/events/events.module.js';
import { EventDatabase } from '../streams/stream-events.js';

/** The body of the feed. */
export interface FeedBody {
  readonly items: readonly { readonly id: string; readonly type: string; readonly position: string }[];
  readonly next_after: string;
  readonly has_more: boolean;
}

const ROLE_NAMES = { admin: 'ROLE_ADMIN', service: 'service', seller: 'ROLE_SALES_AGENT' } as const;

/** Longer than any request waits, so that an earlier answer was triggered by an event. */
const FULL_TRUST: FeedTrust = { pollMs: 600_000 };

/** An event log with its sequencer, and an API with only the feed, bookmarks and replays. */
export class FeedHarness {
  private constructor(
    readonly database: EventDatabase,
    readonly api: TestApplication,
    readonly url: string,
  ) {}

  static async begin(settings: Readonly<Record<string, string>> = {}): Promise<FeedHarness> {
    const database = await EventDatabase.create();
    const module = feedModule(testEnvironment({ databaseUrl: database.url }, settings));
    const api = await startTestApplication(module, [{ provide: FeedTrust, useValue: FULL_TRUST }]);
    return new FeedHarness(database, api, await api.listen());
  }

  user(role: keyof typeof ROLE_NAMES): TestUser {
    return this.api.user(ROLE_NAMES[role]);
  }

  /** Waits until so many requests wait for events. */
  async waiters(count: number): Promise<void> {
    const feed = this.api.nest.get(EventFeed);
    await until(() => feed.waiters === count);
  }

  /** Writes many events into an empty log, each with its position. */
  async fill(count: number): Promise<void> {
    await this.database.fill(count);
  }

  stop(): Promise<void> {
    return this.api.close();
  }

  async end(): Promise<void> {
    await this.stop();
    await this.database.drop();
  }
}

function feedModule(env: NodeJS.ProcessEnv): Type {
  @Module({
    imports: [
      SettingsModule.forRoot(env),
      ObservabilityModule,
      PersistenceModule.forRoot('crm-feed'),
      BusModule.forRoot(),
      MessagingModule.forRoot({ process: 'worker', hasBroker: false }),
      JobsModule.forRoot(),
      HttpModule.forRoot({ throttling: false }),
      EventsModule,
    ],
  })
  class FeedApplicationModule {}
  return FeedApplicationModule;
}
