import { RuntimeSettings } from '#platform/config';
import { type LoggedEvent, LogReader, LogSignal } from '#platform/messaging';
import { Log } from '#platform/observability';

/** Error of node-postgres when no server listens. */
export const OUTAGE = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A fake event log with events and outages set by the test. */
export class ScriptedLog extends LogReader {
  first = 1;
  last = 0;
  fault: Error | undefined;
  /** Readers wait for it after they have read their events. */
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

/** A fake signal, triggered by the test. */
export class ManualSignal extends LogSignal {
  wake: () => void = () => undefined;

  constructor() {
    super(undefined as never, undefined as never);
  }

  override onPositioned(listener: () => void): () => void {
    this.wake = listener;
    return () => undefined;
  }
}

/** A fake logger that stores messages instead of printing them. */
export class RecordingLog extends Log {
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

/** The integers between two numbers, both included. */
export function range(from: number, to: number): number[] {
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
