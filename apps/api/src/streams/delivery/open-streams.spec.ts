import 'reflect-metadata';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamSettings } from '#platform/config';
import { SystemClock } from '#platform/kernel';
import { Metrics } from '#platform/observability';
import { until } from '#platform/testing';
import {
  RecordingLog,
  ManualSignal,
  OUTAGE,
  range,
  ScriptedLog,
} from '../../../../../test/support/events/scripted-log.js';
import { EventFilter } from '../selection/event-filter.js';
import { LogTail } from './log-tail.js';
import { OpenStreams } from './open-streams.js';
import { Replay } from './replay.js';
import { StreamMetrics } from '../stream-metrics.js';

const SETTINGS = new StreamSettings({ heartbeatMs: 60_000, backlogBytes: 262_144, connectionsPerUser: 100 });
const FAR_AWAY = Date.parse('2100-01-01T00:00:00Z');

let reader: ScriptedLog;
let signal: ManualSignal;
let log: RecordingLog;
let metrics: Metrics;
let tail: LogTail;
let streams: OpenStreams;
let server: Server;

beforeEach(async () => {
  [reader, signal, log, metrics] = [new ScriptedLog(), new ManualSignal(), new RecordingLog(), new Metrics()];
  tail = new LogTail(reader, signal, log);
  const counts = new StreamMetrics(metrics);
  streams = new OpenStreams(SETTINGS, tail, new Replay(tail, reader, counts, log), counts, new SystemClock());
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  reader.gate = undefined;
  await Promise.all([streams.beforeApplicationShutdown(), tail.beforeApplicationShutdown()]);
  server.close();
});

/** The log ends at `last`, and the tail begins there. */
async function begin(last: number): Promise<void> {
  reader.last = last;
  await tail.onApplicationBootstrap();
}

/** The log grows to `last`, and the tail follows. */
async function grow(last: number): Promise<void> {
  reader.last = last;
  signal.wake();
  await until(() => tail.lastPosition === BigInt(last));
}

function take(response: ServerResponse, lastEventId?: string): void {
  const viewer = { userId: 'someone', scope: { all: true, ownerId: null, executorId: null }, seesImports: true };
  streams.open(response, {}, { viewer, filter: new EventFilter(new Set(), []), lastEventId, expiresAt: FAR_AWAY });
}

/** A client that sees all. */
class Client {
  text = '';
  isGone = false;

  constructor(answer: IncomingMessage) {
    answer.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    answer.on('error', () => undefined);
    answer.on('close', () => (this.isGone = true));
  }

  static async open(lastEventId?: string): Promise<Client> {
    return new Promise<Client>((resolve) => {
      server.once('request', (_request, response: ServerResponse) => take(response, lastEventId));
      get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (answer) => resolve(new Client(answer)));
    });
  }

  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  }

  /** Waits until these ids came, and nothing else. */
  async received(expected: readonly number[]): Promise<void> {
    await until(() => this.ids.length >= expected.length);
    expect(this.ids).toEqual(expected);
  }
}

async function cuts(reason: string): Promise<number> {
  const { values } = await metrics.registry.getSingleMetric('crm_sse_cut_total')!.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

async function connections(): Promise<number> {
  const { values } = await metrics.registry.getSingleMetric('crm_sse_connections')!.get();
  return values[0]!.value;
}

describe('a stream', () => {
  it('goes from the log to the tail without a seam, though both move meanwhile', async () => {
    await begin(1_000);
    const client = await Client.open('400');
    for (let last = 1_010; last <= 1_200; last += 10) await grow(last);
    await client.received(range(401, 1_200));
  });

  it('leaves nothing out that happens at the moment in which its replay ends', async () => {
    await begin(1_000);
    const framesAfter = tail.framesAfter.bind(tail);
    jest.spyOn(tail, 'framesAfter').mockImplementation((position, limit) => {
      const frames = framesAfter(position, limit);
      if (frames?.length === 0) {
        reader.last = 1_001;
        signal.wake();
      }
      return frames;
    });
    const client = await Client.open('400');
    await until(() => tail.lastPosition === 1_001n);
    await grow(1_002);
    await client.received(range(401, 1_002));
  });

  it('sends nothing twice that the tail comes to later than the client', async () => {
    await begin(5);
    reader.last = 8;
    const client = await Client.open('7');
    await grow(9);
    await client.received([8, 9]);
  });

  it('sends a reset for deleted events at any point of the replay', async () => {
    await begin(1_000);
    let open: () => void = () => undefined;
    reader.gate = new Promise((resolve) => (open = resolve));
    const client = await Client.open('400');
    await until(() => reader.attempts > 2);
    reader.first = 700;
    reader.gate = undefined;
    open();
    await client.received([...range(401, 500), 1_000]);
    expect(client.text).toContain('event: reset\ndata: {"reason":"id_past_retention","position":"1000"}');
  });

  it('waits for a database that is away and then leaves nothing out', async () => {
    await begin(300);
    reader.fault = OUTAGE;
    const client = await Client.open('100');
    const before = reader.attempts;
    await until(() => reader.attempts > before + 3);
    reader.fault = undefined;
    await client.received(range(101, 300));
  });

  it('is cut off when its replay can’t go on, rather than leave something out', async () => {
    await begin(300);
    const readAfter = jest.spyOn(reader, 'readAfter').mockRejectedValueOnce(new Error('no such column'));
    const client = await Client.open('100');
    await until(() => client.isGone);
    expect(readAfter).toHaveBeenCalled();
    expect(log.errors).toEqual(['cannot replay events to a stream']);
    expect(await cuts('failed')).toBe(1);
  });

  it('is closed when the log has a gap, and is reset when the client reconnects', async () => {
    await begin(5);
    const client = await Client.open();
    await grow(6);
    await client.received([5, 6]);
    reader.fault = OUTAGE;
    signal.wake();
    await until(() => log.warnings.length === 1);
    // Retention went on while the log could not be read.
    reader.first = 900;
    reader.fault = undefined;
    await grow(1_000);
    await until(() => client.isGone);
    expect(client.ids).toEqual([5, 6]);
    expect(await cuts('gap')).toBe(1);

    const back = await Client.open('6');
    await back.received([1_000]);
    expect(back.text).toContain('"reason":"id_past_retention"');
  });

  it('is dropped when the client disconnected before it began', async () => {
    await begin(5);
    const left = new Promise<ServerResponse>((resolve) => {
      server.once('request', ({ socket }, response: ServerResponse) => {
        socket.once('close', () => resolve(response)).destroy();
      });
    });
    get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).on('error', () => undefined);
    take(await left);
    expect(await connections()).toBe(0);
    await Client.open();
    expect(await connections()).toBe(1);
  });
});
