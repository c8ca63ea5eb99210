import { EventEmitter } from 'node:events';
import type { ConfirmChannel } from 'amqplib';
import { ConfirmedChannel } from './confirmed-channel.js';

/** As amqplib's channel behaves when its connection dies while it closes: it emits, and never answers. */
class DyingChannel extends EventEmitter {
  close(): Promise<void> {
    setImmediate(() => this.emit('close'));
    return new Promise(() => undefined);
  }
}

/** As it behaves when it is closed already. */
class ClosedChannel extends EventEmitter {
  close(): Promise<void> {
    throw new Error('Channel closed');
  }
}

const ROUTE = { exchange: 'crm.events', keyOf: () => '', headers: {} };
const NEVER_MS = 2 ** 31 - 1;

describe('a confirmed channel', () => {
  it.each([new DyingChannel(), new ClosedChannel()])(
    'is done closing, whatever becomes of its connection',
    async (channel) => {
      const confirmed = new ConfirmedChannel(channel as unknown as ConfirmChannel, ROUTE, 'http://crm', NEVER_MS);
      await expect(confirmed.close()).resolves.toBeUndefined();
    },
  );

  it('is done closing when the broker says nothing at all', async () => {
    const silent = Object.assign(new EventEmitter(), { close: () => new Promise<void>(() => undefined) });
    const confirmed = new ConfirmedChannel(silent as unknown as ConfirmChannel, ROUTE, 'http://crm', 1);
    const keptAlive = setInterval(() => undefined, 1_000);
    await expect(confirmed.close()).resolves.toBeUndefined();
    clearInterval(keptAlive);
  });

  it('can’t be trusted any more once the server has closed it', () => {
    const channel = new EventEmitter();
    const confirmed = new ConfirmedChannel(channel as unknown as ConfirmChannel, ROUTE, 'http://crm', NEVER_MS);
    expect(confirmed.signal.aborted).toBe(false);
    channel.emit('close');
    expect(confirmed.signal.aborted).toBe(true);
  });
});
