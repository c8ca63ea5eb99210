import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database } from '#platform/persistence';
import { ConfirmedChannels } from './confirmed-channel.js';
import { EventCursor, RABBITMQ_CURSOR } from './event-cursor.js';
import { Leader, type Term } from './leader.js';
import { type LoggedEvent, LogReader } from './log-reader.js';
import { LogSignal } from './log-signal.js';
import { OrderedWindow } from './ordered-window.js';
import { Wakeup } from './wakeup.js';

const POLL_MS = 250;
const BATCH = 500;
const WINDOW = 2_000;
const SAVE_EVERY_MS = 100;
const RETRY_MS = 500;

/**
 * Sends the log to RabbitMQ in its order. The cursor moves behind the broker's confirms, so a crash re-sends under the
 * same ids and loses nothing; a broker that is away costs nothing but delay.
 *
 * One process at a time, by {@link Leader}. The cursor is fenced by the leader's lease, and a leader whose lease is no
 * longer current sends nothing.
 */
@Injectable()
export class RabbitPublisher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();
  private readonly forget: () => void;

  constructor(
    private readonly channels: ConfirmedChannels,
    private readonly reader: LogReader,
    private readonly log: Log,
    database: Database,
    signal: LogSignal,
  ) {
    this.leader = new Leader('publisher', database, log, (term) => this.lead(term));
    this.forget = signal.onPositioned(() => this.wakeup.wake());
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    await this.leader.stop();
  }

  private async lead(term: Term): Promise<void> {
    const cursor = await EventCursor.open(term.client, RABBITMQ_CURSOR, term.lease);
    while (!term.signal.aborted) {
      if (this.channels.isConnected) {
        await this.publishUntilTrouble(cursor, term).catch((error: unknown) => {
          this.log.warn({ err: error }, 'publishing interrupted, starting again from the last confirmed event');
        });
      }
      await delay(RETRY_MS, undefined, { signal: term.signal }).catch(() => undefined);
    }
  }

  /**
   * The life of one channel: what it sent and saw no confirm for is sent again by the next one. Told to stop, it takes
   * nothing more and waits until all that it took is confirmed, so that a plain restart re-sends nothing.
   */
  private async publishUntilTrouble(cursor: EventCursor, term: Term): Promise<void> {
    const channel = await this.channels.open();
    const hopeless = AbortSignal.any([term.lease.lost, channel.signal]);
    const window = new OrderedWindow(cursor.position);
    const send = (event: LoggedEvent): void => {
      if (!term.lease.isCurrent) return;
      channel.send(event, () => {
        const next = window.confirm(event);
        if (next) send(next);
        // Between events a confirm is no reason to look for more: that comes with the next one, or is asked in a moment.
        if (window.size === WINDOW - BATCH || (window.size === 0 && term.signal.aborted)) this.wakeup.wake();
      });
    };
    try {
      await this.follow(cursor, window, send, AbortSignal.any([term.signal, channel.signal]));
      while (window.size > 0 && !hopeless.aborted) await this.wakeup.next(SAVE_EVERY_MS, hopeless);
      if (channel.signal.aborted) throw channel.signal.reason;
    } finally {
      await channel.close();
      // What was confirmed since the last save; a former leader is refused, as it should be.
      await cursor.advance(window.confirmedUpTo, 0).catch(() => undefined);
    }
  }

  private async follow(
    cursor: EventCursor,
    window: OrderedWindow,
    send: (event: LoggedEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const room = Math.min(BATCH, WINDOW - window.size);
      const events = room > 0 ? await this.reader.readAfter(window.taken, room) : [];
      if (signal.aborted) return;
      for (const event of events) {
        const due = window.take(event);
        if (due) send(due);
      }
      await cursor.advance(window.confirmedUpTo, SAVE_EVERY_MS);
      if (events.length < BATCH) await this.wakeup.next(window.size > 0 ? SAVE_EVERY_MS : POLL_MS, signal);
    }
  }
}
