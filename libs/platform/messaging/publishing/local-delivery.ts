import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database } from '#platform/persistence';
import { EventCursor, LOCAL_CURSOR } from './event-cursor.js';
import { Leader, type Term } from './leader.js';
import { LogReader } from '../outbox/log-reader.js';
import { LogSignal } from '../outbox/log-signal.js';
import { matchesKey } from '../subscribing/subscriber.js';
import { Subscriptions } from '../subscribing/subscriptions.js';
import { LOG_POLL_MS, Wakeup } from '../outbox/wakeup.js';

const BATCH = 200;

/**
 * Feeds our own subscribers from the log when no broker is configured: in order, each event once.
 * A subscriber that fails holds the log back and is tried again; nothing is skipped.
 */
@Injectable()
export class LocalDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();
  private readonly forget: () => void;

  constructor(
    private readonly subscriptions: Subscriptions,
    database: Database,
    signal: LogSignal,
    log: Log,
  ) {
    this.leader = new Leader('local-delivery', database, log, (term) => this.lead(term));
    this.forget = signal.onPositioned(() => this.wakeup.wake());
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    await this.leader.stop();
  }

  private async lead({ client, lease, signal }: Term): Promise<void> {
    const cursor = await EventCursor.open(client, LOCAL_CURSOR, lease);
    const reader = await LogReader.forConnection(client);
    const subscribers = this.subscriptions.all();
    while (!signal.aborted) {
      const events = await reader.readAfter(cursor.position, BATCH);
      for (const event of events) {
        if (signal.aborted || !lease.isCurrent) return;
        const received = { ...event, data: JSON.parse(event.data) as Record<string, unknown> };
        for (const { subscription, subscriber } of subscribers) {
          if (!subscription.keys.some((key) => matchesKey(event.type, key))) continue;
          await this.subscriptions.deliver(subscription.queue, subscriber, received);
        }
      }
      const last = events.at(-1);
      if (last) await cursor.advance(last.position, 0);
      if (events.length < BATCH) await this.wakeup.next(LOG_POLL_MS, signal);
    }
  }
}
