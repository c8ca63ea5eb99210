import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { BrokerSettings, HttpSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { Database } from '#platform/persistence';
import type { ConfirmChannel } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import { attributesOf, CLOUD_EVENT_CONTENT_TYPE, envelopeOf } from './cloud-event.js';
import { EventCursor } from './event-cursor.js';
import { Leader, type Term } from './leader.js';
import { type LoggedEvent, LogReader } from './log-reader.js';
import { LogSignal } from './log-signal.js';
import { OrderedWindow } from './ordered-window.js';
import { Wakeup } from './wakeup.js';

const PUBLISHER_LOCK = 7_263_003;
/** Name of the publisher's cursor. */
export const RABBITMQ_CURSOR = 'rabbitmq';
const POLL_MS = 250;
const BATCH = 500;
const WINDOW = 2_000;
const SAVE_EVERY_MS = 100;
const RETRY_MS = 500;

/**
 * Sends the log to RabbitMQ in its order: persistent, mandatory, confirmed. The cursor moves behind the broker's
 * confirms, so a crash re-sends under the same ids and loses nothing; a broker that is away costs nothing but delay.
 *
 * The channel is our own and made anew after any trouble: on a managed one, publishes hang once the server has closed
 * it. One process at a time, by {@link Leader}; its cursor is written over the leader's connection, so a leader that
 * lost its lock can't move it.
 */
@Injectable()
export class RabbitPublisher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();
  private readonly forget: () => void;

  constructor(
    private readonly amqp: AmqpConnection,
    private readonly reader: LogReader,
    private readonly settings: BrokerSettings,
    private readonly http: HttpSettings,
    private readonly log: Log,
    database: Database,
    signal: LogSignal,
  ) {
    this.leader = new Leader('publisher', PUBLISHER_LOCK, database, log, (term) => this.lead(term));
    this.forget = signal.onPositioned(() => this.wakeup.wake());
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.forget();
    await this.leader.stop();
  }

  private async lead(term: Term): Promise<void> {
    const cursor = await EventCursor.open(term.client, RABBITMQ_CURSOR);
    while (!term.signal.aborted) {
      // golevelup's connection comes back by itself and tells of it in the log.
      if (this.amqp.connected) await this.publishUntilTrouble(cursor, term.signal).catch((error: unknown) => {
        this.log.warn({ err: error }, 'publishing to RabbitMQ interrupted, starting again from the last confirmed event');
      });
      await delay(RETRY_MS, undefined, { signal: term.signal }).catch(() => undefined);
    }
  }

  /** The life of one channel: what it sent and saw no confirm for is sent again by the next one. */
  private async publishUntilTrouble(cursor: EventCursor, stop: AbortSignal): Promise<void> {
    const trouble = new AbortController();
    const channel = await this.openChannel(trouble);
    const signal = AbortSignal.any([stop, trouble.signal]);
    const window = new OrderedWindow(cursor.position);
    const send = (event: LoggedEvent): void =>
      this.send(channel, event, trouble, () => {
        const next = window.confirm(event);
        if (next) send(next);
        if (window.size < WINDOW) this.wakeup.wake();
      });
    try {
      while (!signal.aborted) {
        const room = Math.min(BATCH, WINDOW - window.size);
        const events = room > 0 ? await this.reader.readAfter(window.taken, room) : [];
        for (const event of events) {
          const due = window.take(event);
          if (due) send(due);
        }
        await cursor.advance(window.confirmedUpTo, SAVE_EVERY_MS);
        if (events.length < BATCH) await this.wakeup.next(window.size > 0 ? SAVE_EVERY_MS : POLL_MS, signal);
      }
      if (trouble.signal.aborted) throw trouble.signal.reason;
    } finally {
      await channel.close().catch(() => undefined);
      // Confirms that came while the loop was ending; a lost leader's connection refuses this, as it should.
      await cursor.advance(window.confirmedUpTo, 0).catch(() => undefined);
    }
  }

  private async openChannel(trouble: AbortController): Promise<ConfirmChannel> {
    const connection = this.amqp.connection as unknown as ConfirmChannelSource;
    const channel = await connection.createConfirmChannel();
    channel.on('error', (error: Error) => trouble.abort(error));
    channel.on('close', () => trouble.abort(new Error('the channel was closed')));
    return channel;
  }

  private send(channel: ConfirmChannel, event: LoggedEvent, trouble: AbortController, confirmed: () => void): void {
    if (trouble.signal.aborted) return;
    // Under a memory alarm the broker confirms nothing and closes nothing.
    const deadline = setTimeout(
      () => trouble.abort(new Error(`no confirm within ${this.settings.confirmTimeoutMs} ms`)),
      this.settings.confirmTimeoutMs,
    ).unref();
    const attributes = attributesOf(event, this.http.publicUrl!);
    const body = Buffer.from(envelopeOf(attributes, event.data));
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`cloudEvents_${name}`, value]));
    const options = {
      persistent: true,
      mandatory: true,
      contentType: CLOUD_EVENT_CONTENT_TYPE,
      messageId: event.id,
      type: attributes.type,
      timestamp: Math.floor(Date.parse(event.time) / 1000),
      headers: { ...headers, event: event.type },
    };
    const settle = (error: unknown): void => {
      clearTimeout(deadline);
      if (error) trouble.abort(error);
      else if (!trouble.signal.aborted) confirmed();
    };
    try {
      channel.publish(this.settings.exchange, event.type, body, options, settle);
    } catch (error) {
      settle(error);
    }
  }
}

/** What amqplib's connection can do, which its types leave out. */
interface ConfirmChannelSource {
  createConfirmChannel(): Promise<ConfirmChannel>;
}
