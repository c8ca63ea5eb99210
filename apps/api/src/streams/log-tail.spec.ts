import 'reflect-metadata';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RuntimeSettings } from '#platform/config';
import { type LoggedEvent, LogReader, LogSignal } from '#platform/messaging';
import { Log, Metrics } from '#platform/observability';
import { EventFilter } from './event-filter.js';
import { EventStream } from './event-stream.js';
import { renderOpening } from './frame.js';
import { LogTail } from './log-tail.js';
import { Replay } from './replay.js';
import { StreamMetrics } from './stream-metrics.js';

const OUTAGE = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A log whose events and outages the test writes. */
class ScriptedLog extends LogReader {
  first = 1;
  last = 0;
  fault: Error | undefined;
  /** Set to hold readers back until it resolves; what they are given is read before. */
  gate: Promise<void> | undefined;
  attempts = 0;

  constructor() {
    super(undefined as never);
  }

  override async readAfter(position: bigint, limit: number): Promise<LoggedEvent[]> {
    this.attempts += 1;
    if (this.fault) throw this.fault;
    const from = Math.max(Number(position) + 1, this.first);
    const events = range(from, Math.min(this.last, from + limit - 1)).map(logged);
    await this.gate;
    return events;
  }

  override bounds(): Promise<{ first: bigint; last: bigint }> {
    this.attempts += 1;
    if (this.fault) return Promise.reject(this.fault);
    return Promise.resolve({ first: BigInt(this.first), last: BigInt(this.last) });
  }
}

class ManualSignal extends LogSignal {
  wake: () => void = () => undefined;

  constructor() {
    super(undefined as never, undefined as never);
  }

  override onPositioned(listener: () => void): () => void {
    this.wake = listener;
    return () => undefined;
  }
}

class KeptLog extends Log {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];

  constructor() {
    super(new RuntimeSettings({ logLevel: 'silent' }));
  }

  override warn(_fields: object | string, message?: string): void {
    this.warnings.push(message!);
  }

  override error(_fields: object | string, message?: string): void {
    this.errors.push(message!);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

function logged(position: number): LoggedEvent {
  return {
    position: BigInt(position),
    id: `019ab0c4-7d11-7cc2-a0a1-${String(position).padStart(12, '0')}`,
    stream: 'deals/1',
    streamVersion: position,
    type: 'deal.updated',
    time: '2026-11-23T07:22:58.100Z',
    actorId: null,
    traceparent: null,
    dealId: null,
    clientId: null,
    audience: [],
    data: '{}',
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

let reader: ScriptedLog;
let signal: ManualSignal;
let log: KeptLog;
let tail: LogTail;

beforeEach(() => {
  reader = new ScriptedLog();
  signal = new ManualSignal();
  log = new KeptLog();
  tail = new LogTail(reader, signal, log);
});

afterEach(async () => {
  reader.gate = undefined;
  await tail.beforeApplicationShutdown();
});

/** The log grows to `last`, and the tail follows. */
async function grow(last: number): Promise<void> {
  reader.last = last;
  signal.wake();
  await until(() => tail.lastPosition === BigInt(last), `position ${last}`);
}

describe('the tail of the log', () => {
  const heard: number[] = [];

  beforeEach(() => {
    heard.length = 0;
    tail.subscribe((frames) => heard.push(...frames.map(({ position }) => Number(position))));
  });

  it('begins at the end of the log and tells of all that comes after, once and in order', async () => {
    reader.last = 40;
    await tail.onApplicationBootstrap();
    expect(tail.lastPosition).toBe(40n);
    await grow(41);
    await grow(1_000);
    expect(heard).toEqual(range(41, 1_000));
    expect(tail.framesAfter(998n)!.map(({ position }) => position)).toEqual([999n, 1_000n]);
    expect(tail.framesAfter(39n)).toBeUndefined();
  });

  it('finds what it is not told of', async () => {
    await tail.onApplicationBootstrap();
    reader.last = 3;
    await until(() => heard.length === 3, 'the poll');
  });

  it('waits while the database is away, says so once, and goes on where it was', async () => {
    await tail.onApplicationBootstrap();
    await grow(5);
    reader.fault = OUTAGE;
    reader.last = 8;
    const before = reader.attempts;
    await until(() => {
      signal.wake();
      return reader.attempts > before + 2;
    }, 'three attempts');
    expect(log.warnings).toEqual(['cannot follow the event log, trying again']);
    expect(heard).toEqual(range(1, 5));

    reader.fault = undefined;
    await grow(9);
    expect(heard).toEqual(range(1, 9));
  });

  it('follows a database that was put back to an earlier state', async () => {
    await tail.onApplicationBootstrap();
    await grow(50);
    reader.fault = OUTAGE;
    signal.wake();
    await until(() => log.warnings.length === 1, 'the outage');
    reader.fault = undefined;
    await grow(30);
    await grow(32);
    expect(heard).toEqual([...range(1, 50), 31, 32]);
    expect(tail.framesAfter(29n)).toBeUndefined();
  });

  it('forgets who no longer listens', async () => {
    const late: bigint[] = [];
    const forget = tail.subscribe((frames) => late.push(...frames.map(({ position }) => position)));
    await tail.onApplicationBootstrap();
    await grow(1);
    forget();
    await grow(2);
    expect(late).toEqual([1n]);
  });
});

describe('a replay', () => {
  let server: Server;
  let replay: Replay;
  let stream: EventStream;
  let text: string;
  let answer: IncomingMessage;

  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    replay = new Replay(tail, reader, new StreamMetrics(new Metrics()), log);
    tail.subscribe((frames) => stream.offer(frames));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A client that has seen everything up to `position`. */
  async function comeBack(position: number): Promise<void> {
    text = '';
    const response = await new Promise<ServerResponse>((resolve) => {
      server.once('request', (_request, outgoing) => resolve(outgoing));
      get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (incoming) => {
        answer = incoming;
        incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
        incoming.on('error', () => undefined);
      });
    });
    const viewer = { userId: 'someone', seesAll: true };
    stream = new EventStream(response, viewer, new EventFilter(new Set(), []), BigInt(position));
    stream.begin({}, renderOpening());
  }

  const ids = (): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  const all = (expected: readonly number[]): Promise<void> =>
    until(() => ids().length >= expected.length, `ids ${expected[0]} to ${expected.at(-1)}`);

  it('goes from the log to the tail without a seam, though both move meanwhile', async () => {
    reader.last = 1_000;
    await tail.onApplicationBootstrap();
    await comeBack(400);
    const running = replay.run(stream);
    for (let last = 1_010; last <= 1_200; last += 10) await grow(last);
    await running;
    await grow(1_250);

    await all(range(401, 1_250));
    expect(ids()).toEqual(range(401, 1_250));
  });

  it('sends nothing twice that the tail comes to later than the client', async () => {
    reader.last = 5;
    await tail.onApplicationBootstrap();
    reader.last = 8;
    await comeBack(7);
    await replay.run(stream);
    expect(stream.isLive).toBe(true);
    await grow(9);
    await all([8, 9]);
    expect(ids()).toEqual([8, 9]);
  });

  it('begins anew after what is no longer kept, at whatever point of the replay', async () => {
    reader.last = 1_000;
    await tail.onApplicationBootstrap();
    await comeBack(400);
    let open: () => void = () => undefined;
    reader.gate = new Promise((resolve) => (open = resolve));
    const running = replay.run(stream);
    reader.first = 700;
    reader.gate = undefined;
    open();
    await running;

    await all([...range(401, 500), 1_000]);
    expect(ids()).toEqual([...range(401, 500), 1_000]);
    expect(text).toContain('event: reset\ndata: {"reason":"id_past_retention","position":"1000"}');
  });

  it('waits for a database that is away and then leaves nothing out', async () => {
    reader.last = 300;
    await tail.onApplicationBootstrap();
    await comeBack(100);
    reader.fault = OUTAGE;
    const running = replay.run(stream);
    const before = reader.attempts;
    await until(() => reader.attempts > before + 1, 'attempts');
    reader.fault = undefined;
    await running;
    await all(range(101, 300));
    expect(ids()).toEqual(range(101, 300));
  });

  it('cuts the client off when it can’t go on, rather than leave something out', async () => {
    reader.last = 300;
    await tail.onApplicationBootstrap();
    await comeBack(100);
    reader.fault = new Error('column "position" does not exist');
    await replay.run(stream);
    await until(() => answer.destroyed, 'the cut');
    expect(stream.isOpen).toBe(false);
    expect(log.errors).toEqual(['cannot replay events to a stream']);
  });
});
