import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database } from '#platform/persistence';
import { ConfirmedAhead } from './confirmed-ahead.js';
import { ConfirmedChannels } from './confirmed-channel.js';
import { EventCursor, FencedOffError, RABBITMQ_CURSOR } from './event-cursor.js';
import { Leader, PUBLISHER_LEASE, type Term } from './leader.js';
import { LogReader } from '../outbox/log-reader.js';
import { LogSignal } from '../outbox/log-signal.js';
import { ParkedEvents } from './parking/parked-events.js';
import { ParkedRetry } from './parking/parked-retry.js';
import { ParkedStreams } from './parking/parked-streams.js';
import { BATCH, Publication, SAVE_EVERY_MS } from './publication.js';
import { LOG_POLL_MS, Wakeup } from '../outbox/wakeup.js';

const RETRY_MS = 500;

/**
 * Sends the log to RabbitMQ in its order. The cursor moves behind the broker's confirms, so a crash re-sends under the
 * same ids and loses nothing; an unavailable broker only delays events. An event that a queue refuses is parked
 * with its stream, and the others go on.
 *
 * One process at a time, by {@link Leader}. The cursor is fenced by the leader's lease, and a leader whose lease is no
 * longer current sends nothing.
 */
@Injectable()
export class RabbitPublisher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly parkedEvents: ParkedEvents;
  private readonly confirmedAhead = new ConfirmedAhead();
  private readonly wakeup = new Wakeup();
  private readonly retryWakeup = new Wakeup();
  private readonly unsubscribe: readonly (() => void)[];
  private retryNow: () => void = () => undefined;

  constructor(
    private readonly channels: ConfirmedChannels,
    private readonly reader: LogReader,
    private readonly log: Log,
    database: Database,
    signal: LogSignal,
  ) {
    this.parkedEvents = new ParkedEvents(database);
    this.leader = new Leader(PUBLISHER_LEASE, database, log, (term) => this.lead(term));
    this.unsubscribe = [
      signal.onPositioned(() => this.wakeup.wake()),
      signal.onRetryParked(() => {
        this.retryNow();
        this.retryWakeup.wake();
      }),
    ];
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.unsubscribe) stop();
    await this.leader.stop();
  }

  private async lead(term: Term): Promise<void> {
    const cursor = await EventCursor.open(term.client, RABBITMQ_CURSOR, term.lease);
    const reader = await LogReader.forConnection(term.client);
    while (!term.signal.aborted) {
      if (this.channels.isConnected) {
        await this.publishUntilFailure(cursor, reader, term).catch((error: unknown) => {
          if (error instanceof FencedOffError) throw error;
          this.log.warn({ err: error }, 'publishing interrupted; a new channel re-sends unconfirmed events');
        });
      }
      await delay(RETRY_MS, undefined, { signal: term.signal }).catch(() => undefined);
    }
  }

  /**
   * Publishes over one channel until it fails; the next channel publishes only its unconfirmed events again. On shutdown it reads
   * no more events and waits until those in flight are confirmed or parked, so an orderly restart publishes no duplicates.
   */
  private async publishUntilFailure(cursor: EventCursor, reader: LogReader, term: Term): Promise<void> {
    const streams = await this.parkedStreams();
    const parkedAlready = await this.parkedEvents.beyond(cursor.position);
    const channel = await this.channels.open();
    const hopeless = AbortSignal.any([term.lease.lost, channel.signal]);
    const running = AbortSignal.any([term.signal, channel.signal]);
    const isCurrent = (): boolean => term.lease.isCurrent;
    const { log, wakeup, retryWakeup, confirmedAhead } = this;
    const parts = { channel, cursor, streams, confirmedAhead, parkedAlready, log, wakeup, retryWakeup, isCurrent };
    const publication = new Publication({ ...parts, stopping: term.signal });
    const retry = new ParkedRetry(channel, this.parkedEvents, this.reader, streams, log, isCurrent);
    this.retryNow = () => streams.retryNow();
    const retrying = retry.run(retryWakeup, running).catch((error: unknown) => channel.abandon(error as Error));
    try {
      await this.follow(publication, reader, running);
      while (publication.isUnfinished && !hopeless.aborted) {
        await publication.save(SAVE_EVERY_MS);
        await wakeup.next(SAVE_EVERY_MS, hopeless);
      }
      if (channel.signal.aborted) throw channel.signal.reason;
    } finally {
      // After an error of ours the retries must end, too.
      if (!running.aborted) channel.abandon(new Error('publishing ended'));
      await retrying;
      await channel.close();
      // Saves what was confirmed or refused since the last save. The fence rejects this of a former leader.
      await publication.save(0).catch(() => undefined);
    }
  }

  /** Those of earlier channels and processes: each type is tried at once. */
  private async parkedStreams(): Promise<ParkedStreams> {
    const streams = new ParkedStreams();
    for (const head of await this.parkedEvents.heads()) {
      streams.add(head.stream, head.events);
      streams.setHead(head, 0);
    }
    return streams;
  }

  private async follow(publication: Publication, reader: LogReader, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { room } = publication;
      const events = room > 0 ? await reader.readAfter(publication.taken, room) : [];
      if (signal.aborted) return;
      for (const event of events) publication.take(event);
      await publication.save(SAVE_EVERY_MS);
      if (events.length < BATCH) {
        await this.wakeup.next(publication.isUnfinished ? SAVE_EVERY_MS : LOG_POLL_MS, signal);
      }
    }
  }
}
