import 'reflect-metadata';
import { until } from '#platform/testing';
import {
  RecordingLog,
  ManualSignal,
  OUTAGE,
  range,
  ScriptedLog,
} from '../../../../../test/support/events/scripted-log.js';
import { LogTail } from './log-tail.js';

let reader: ScriptedLog;
let signal: ManualSignal;
let log: RecordingLog;
let tail: LogTail;

beforeEach(() => {
  reader = new ScriptedLog();
  signal = new ManualSignal();
  log = new RecordingLog();
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
  await until(() => tail.lastPosition === BigInt(last));
}

describe('the tail of the log', () => {
  const heard: number[] = [];

  beforeEach(() => {
    heard.length = 0;
    tail.subscribe((frames) => heard.push(...frames.map(({ position }) => Number(position))));
  });

  it('starts at the end of the log and emits every later event, once and in order', async () => {
    reader.last = 40;
    await tail.onApplicationBootstrap();
    expect(tail.lastPosition).toBe(40n);
    await grow(41);
    await grow(1_000);
    expect(heard).toEqual(range(41, 1_000));
    expect(tail.framesAfter(998n)!.map(({ position }) => position)).toEqual([999n, 1_000n]);
    expect(tail.framesAfter(39n)).toBeUndefined();
  });

  it('finds events without a notification', async () => {
    await tail.onApplicationBootstrap();
    reader.last = 3;
    await until(() => heard.length === 3);
  });

  it('waits during an outage of the database, logs it once, and continues at the same position', async () => {
    await tail.onApplicationBootstrap();
    await grow(5);
    reader.fault = OUTAGE;
    reader.last = 8;
    const before = reader.attempts;
    await until(() => {
      signal.wake();
      return reader.attempts > before + 2;
    });
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
    await until(() => log.warnings.length === 1);
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
