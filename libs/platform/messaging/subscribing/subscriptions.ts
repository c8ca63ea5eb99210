import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { type EventSubscriber, type ReceivedEvent, SUBSCRIPTION, type Subscription } from './subscriber.js';

const RECEIVE = statement(
  'INSERT INTO crm.inbox (consumer, event_id) VALUES ($1::text, $2::uuid) ON CONFLICT DO NOTHING RETURNING event_id',
);

const RECORD = statement(
  `INSERT INTO crm.subscriber_queues (queue, keys) SELECT q ->> 'queue', ARRAY(SELECT jsonb_array_elements_text(q -> 'keys'))
   FROM jsonb_array_elements($1::jsonb) AS q
   ON CONFLICT (queue) DO UPDATE SET keys = excluded.keys, seen_at = now()`,
);

/** Every subscription that this application declares, before its subscribers are constructed, too. */
export function declaredSubscriptions(discovery: DiscoveryService): readonly Subscription[] {
  return discovery.getProviders().flatMap(({ metatype }) => subscriptionOf(metatype) ?? []);
}

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
      const subscription = subscriptionOf(metatype);
      return subscription && instance ? [{ subscription, subscriber: instance as EventSubscriber }] : [];
    });
  }

  /** Writes the queues into the database, where commands that run no subscriber find their names. */
  async record(): Promise<void> {
    await this.database.query(RECORD, [JSON.stringify(this.all().map(({ subscription }) => subscription))]);
  }

  /** Lets `subscriber` process `event` unless `consumer` already has: the mark and the effect commit together. */
  async deliver(consumer: string, subscriber: EventSubscriber, event: ReceivedEvent): Promise<void> {
    await this.unitOfWork.run(async () => {
      const fresh = await this.database.query(RECEIVE, [consumer, event.id]);
      if (fresh.length > 0) await subscriber.handle(event);
    });
  }
}

function subscriptionOf(metatype: object | null): Subscription | undefined {
  return metatype ? (Reflect.getMetadata(SUBSCRIPTION, metatype) as Subscription | undefined) : undefined;
}
