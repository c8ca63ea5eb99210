import { EventEmitter } from 'node:events';
import type { ConfirmChannel } from 'amqplib';
import { publishCopy } from './deliveries.js';

/** A channel that never answers for a message, as amqplib when the channel closes after confirms in another order. */
class SilentChannel extends EventEmitter {
  readonly sent: unknown[] = [];

  sendToQueue(...parameters: readonly unknown[]): boolean {
    this.sent.push(parameters);
    return true;
  }
}

const MESSAGE = { content: Buffer.from('{}'), properties: { headers: {} } } as Parameters<typeof publishCopy>[2];
const COUNTS = { failures: 1, unsettled: 0 };

describe('a copy of a message', () => {
  it('counts as not stored when the channel closes before it is confirmed', async () => {
    const channel = new SilentChannel();
    const copied = publishCopy(channel as unknown as ConfirmChannel, 'reports', MESSAGE, COUNTS);
    expect(channel.sent).toHaveLength(1);
    channel.emit('close');
    expect(await copied).toBe(false);
    expect(channel.listenerCount('close')).toBe(0);
  });

  it('counts as not stored when the channel is closed already', async () => {
    const closed = Object.assign(new EventEmitter(), {
      sendToQueue: () => {
        throw new Error('Channel closed');
      },
    });
    expect(await publishCopy(closed as unknown as ConfirmChannel, 'reports', MESSAGE, COUNTS)).toBe(false);
  });
});
