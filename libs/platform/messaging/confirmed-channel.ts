import { setTimeout as delay } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable } from '@nestjs/common';
import { BrokerSettings, HttpSettings } from '#platform/config';
import type { ConfirmChannel } from 'amqplib';
import { attributesOf, CLOUD_EVENT_CONTENT_TYPE, envelopeOf } from './cloud-event.js';
import type { LoggedEvent } from './log-reader.js';

/** AMQP's reply code. */
const NOT_FOUND = 404;

/** Where a channel's events go, and what is said of all of them. */
interface Route {
  readonly exchange: string;
  readonly keyOf: (event: LoggedEvent) => string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The queue that events were to be sent to is not there. */
export class QueueMissingError extends Error {
  override readonly name = 'QueueMissingError';

  constructor(queue: string) {
    super(`there is no queue ${queue}: its consumer declares it`);
  }
}

/**
 * A confirm channel of our own on golevelup's connection, for one life: after any trouble it is thrown away.
 * On a managed one, publishes hang once the server has closed it.
 */
export class ConfirmedChannel {
  private readonly trouble = new AbortController();

  constructor(
    private readonly channel: ConfirmChannel,
    private readonly route: Route,
    private readonly publicUrl: string,
    private readonly confirmTimeoutMs: number,
  ) {
    channel.on('error', (error: Error) => this.trouble.abort(error));
    channel.on('close', () => this.trouble.abort(new Error('the channel was closed')));
  }

  /** Aborted, with the reason, when what was sent may not be confirmed any more. */
  get signal(): AbortSignal {
    return this.trouble.signal;
  }

  /** Gives it up for `reason`: nothing sent through it counts as confirmed any more. */
  abandon(reason: Error): void {
    this.trouble.abort(reason);
  }

  /** Sends an event: persistent, mandatory; `confirmed` is called when the broker has it for good. */
  send(event: LoggedEvent, confirmed: () => void): void {
    if (this.signal.aborted) return;
    // Under a memory alarm the broker confirms nothing and closes nothing.
    const deadline = setTimeout(() => {
      this.trouble.abort(new Error(`no confirm within ${this.confirmTimeoutMs} ms`));
    }, this.confirmTimeoutMs).unref();
    const settle = (error: unknown): void => {
      clearTimeout(deadline);
      if (error) this.trouble.abort(error);
      else if (!this.signal.aborted) confirmed();
    };
    try {
      const attributes = attributesOf(event, this.publicUrl);
      const headers: Record<string, unknown> = { ...this.route.headers, event: event.type };
      for (const [name, value] of Object.entries(attributes)) headers[`cloudEvents_${name}`] = value;
      const options = {
        persistent: true,
        mandatory: true,
        contentType: CLOUD_EVENT_CONTENT_TYPE,
        messageId: event.id,
        type: attributes.type,
        timestamp: Math.floor(Date.parse(event.time) / 1000),
        headers,
      };
      const body = Buffer.from(envelopeOf(attributes, event.data));
      this.channel.publish(this.route.exchange, this.route.keyOf(event), body, options, settle);
    } catch (error) {
      settle(error);
    }
  }

  /** Resolves in any case: a channel whose connection dies while it closes never answers. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.channel.once('close', resolve));
    const answered = Promise.resolve()
      .then(() => this.channel.close())
      .catch(() => undefined);
    await Promise.race([answered, closed, delay(this.confirmTimeoutMs, undefined, { ref: false })]);
  }
}

/** Opens {@link ConfirmedChannel}s while there is a connection. */
@Injectable()
export class ConfirmedChannels {
  constructor(
    private readonly amqp: AmqpConnection,
    private readonly broker: BrokerSettings,
    private readonly http: HttpSettings,
  ) {}

  /** golevelup's connection comes back by itself and tells of it in the log. */
  get isConnected(): boolean {
    return this.amqp.connected;
  }

  /**
   * A channel to the exchange of events.
   * @throws Error when the broker doesn't answer in time, as under a memory alarm.
   */
  async open(): Promise<ConfirmedChannel> {
    const { exchange } = this.broker;
    return this.confirmed(await this.channel(), { exchange, keyOf: ({ type }) => type, headers: {} });
  }

  /**
   * A channel that sends to one queue what was published before, under the same ids and with the header `replayed`.
   * @throws QueueMissingError; Error when the broker doesn't answer in time.
   */
  async openTo(queue: string): Promise<ConfirmedChannel> {
    const channel = await this.channel();
    // What closes the channel is told by the call that it refuses.
    channel.on('error', () => undefined);
    try {
      await channel.checkQueue(queue);
    } catch (error) {
      throw (error as { code?: unknown }).code === NOT_FOUND ? new QueueMissingError(queue) : error;
    }
    const confirmed = this.confirmed(channel, { exchange: '', keyOf: () => queue, headers: { replayed: true } });
    // What can't be routed is confirmed all the same, after it was returned.
    channel.on('return', () => confirmed.abandon(new QueueMissingError(queue)));
    return confirmed;
  }

  private confirmed(channel: ConfirmChannel, route: Route): ConfirmedChannel {
    return new ConfirmedChannel(channel, route, this.http.publicUrl!, this.broker.confirmTimeoutMs);
  }

  private async channel(): Promise<ConfirmChannel> {
    const { confirmTimeoutMs } = this.broker;
    const connection = this.amqp.connection as unknown as ConfirmChannelSource;
    const late = delay(confirmTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`no channel within ${confirmTimeoutMs} ms`);
    });
    return Promise.race([connection.createConfirmChannel(), late]);
  }
}

/** What amqplib's connection can do, which its types leave out. */
interface ConfirmChannelSource {
  createConfirmChannel(): Promise<ConfirmChannel>;
}
