import type { LoggedEvent } from '#platform/messaging';
import { renderFrame, renderOpening, renderReset } from './frame.js';

const EVENT: LoggedEvent = {
  position: 9_007_199_254_740_993n,
  id: '019ab0c4-7d11-7cc2-a0a1-6d5d2c6b3f0e',
  stream: 'deals/019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52',
  streamVersion: 3,
  type: 'deal.payment.updated',
  time: '2026-11-23T07:22:58.100Z',
  actorId: null,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  dealId: '019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52',
  clientId: null,
  audience: ['5f0c3a52-2f1e-4f5e-9a58-0d6c1f2b7a90'],
  data: '{"title": "Полис «КАСКО»", "note": "one\\ntwo", "amount": "1250.00"}',
};

describe('a frame', () => {
  it('is an id, a routing key and one line of JSON', () => {
    const lines = renderFrame(EVENT).wire.plain.toString().split('\n');

    expect(lines.slice(0, 2)).toEqual(['id: 9007199254740993', 'event: deal.payment.updated']);
    expect(lines.slice(3)).toEqual(['', '']);
    expect(JSON.parse(lines[2]!.slice('data: '.length))).toEqual({
      id: EVENT.id,
      type: 'crm.deal.payment.updated',
      time: EVENT.time,
      position: '9007199254740993',
      subject: EVENT.stream,
      stream_version: 3,
      deal_id: EVENT.dealId,
      client_id: null,
      actor_id: null,
      data: { title: 'Полис «КАСКО»', note: 'one\ntwo', amount: '1250.00' },
    });
  });

  it('writes data with line breaks on one line', () => {
    const data = JSON.stringify({ note: 'one\r\ntwo', list: [1, 2] }, null, 2).replaceAll('\n', '\r\n');
    const lines = renderFrame({ ...EVENT, data })
      .wire.plain.toString()
      .split(/\r\n|\r|\n/);

    expect(lines).toHaveLength(5);
    expect(JSON.parse(lines[2]!.slice('data: '.length))).toMatchObject({ data: { note: 'one\r\ntwo', list: [1, 2] } });
  });

  it('goes to the socket as one chunk of its size in bytes', () => {
    const { wire } = renderFrame(EVENT);
    const [size, ...rest] = wire.chunk.toString().split('\r\n');

    expect(parseInt(size!, 16)).toBe(wire.plain.length);
    expect(rest).toEqual([wire.plain.toString(), '']);
    expect(wire.plain.length).toBeGreaterThan(wire.plain.toString().length);
  });
});

describe('what a stream says beside events', () => {
  it('begins with the pause before reconnecting, and with an id for a client that has none', () => {
    expect(renderOpening().plain.toString()).toBe('retry: 3000\n\n');
    expect(renderOpening(41n).plain.toString()).toBe('retry: 3000\nid: 41\n\n');
  });

  it('sends a reset with its reason and the position to resume after', () => {
    expect(renderReset('id_past_retention', 41n).plain.toString()).toBe(
      'id: 41\nevent: reset\ndata: {"reason":"id_past_retention","position":"41"}\n\n',
    );
  });
});
