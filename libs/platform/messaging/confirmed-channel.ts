import { setTimeout as delay } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable } from '@nestjs/common';
import { BrokerSettings, HttpSettings } from '#platform/config';
import type { ConfirmChannel } from 'amqplib';
import { attributesOf, CLOUD_EVENT_CONTENT_TYPE, envelopeOf } from './cloud-event.js';
import type { LoggedEvent } from './log-reader.js';

/**
 * A confirm channel of our own on golevelup's connection, for one life: after any trouble it is thrown away.
 * On a managed one, publishes hang once the server has closed it.
 */
export class ConfirmedChannel {
  private readonly trouble = new AbortController();

  constructor(
    private readonly channel: ConfirmChannel,
    private readonly exchange: string,
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
      const headers: Record<string, unknown> = { event: event.type };
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
      this.channel.publish(this.exchange, event.type, body, options, settle);
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

  /** @throws Error when the broker doesn't answer in time, as under a memory alarm. */
  async open(): Promise<ConfirmedChannel> {
    const { exchange, confirmTimeoutMs } = this.broker;
    const connection = this.amqp.connection as unknown as ConfirmChannelSource;
    const late = delay(confirmTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`no channel within ${confirmTimeoutMs} ms`);
    });
    const channel = await Promise.race([connection.createConfirmChannel(), late]);
    return new ConfirmedChannel(channel, exchange, this.http.publicUrl!.replace(/\/$/, ''), confirmTimeoutMs);
  }
}

/** What amqplib's connection can do, which its types leave out. */
interface ConfirmChannelSource {
  createConfirmChannel(): Promise<ConfirmChannel>;
}
