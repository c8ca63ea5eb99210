import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { type EventSubscriber, type ReceivedEvent, SUBSCRIPTION, type Subscription } from './subscriber.js';

const RECEIVE = statement(
  'INSERT INTO crm.inbox (consumer, event_id) VALUES ($1::text, $2::uuid) ON CONFLICT DO NOTHING RETURNING event_id',
);

/** Finds the declared subscribers and hands them events, each event once. */
@Injectable()
export class Subscriptions {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Every subscriber of this application with its subscription. */
  all(): readonly { readonly subscription: Subscription; readonly subscriber: EventSubscriber }[] {
    return this.discovery.getProviders().flatMap(({ instance, metatype }) => {
      const subscription = metatype && (Reflect.getMetadata(SUBSCRIPTION, metatype) as Subscription | undefined);
      return subscription && instance ? [{ subscription, subscriber: instance as EventSubscriber }] : [];
    });
  }

  /** Lets `subscriber` deal with `event` unless `consumer` already has: the mark and the effect commit together. */
  async deliver(consumer: string, subscriber: EventSubscriber, event: ReceivedEvent): Promise<void> {
    await this.unitOfWork.run(async () => {
      const fresh = await this.database.query(RECEIVE, [consumer, event.id]);
      if (fresh.length > 0) await subscriber.handle(event);
    });
  }
}
