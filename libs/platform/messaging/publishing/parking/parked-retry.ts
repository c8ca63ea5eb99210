import type { Log } from '#platform/observability';
import type { ConfirmedChannel } from '../confirmed-channel.js';
import type { LoggedEvent, LogReader } from '../../outbox/log-reader.js';
import type { ParkedEvent, ParkedEvents } from './parked-events.js';
import type { ParkedStreams } from './parked-streams.js';
import type { Wakeup } from '../../outbox/wakeup.js';

const POLL_MS = 1_000;
/** Poll interval while a due stream has no saved event. */
const SAVE_POLL_MS = 100;

/** Missing: the log no longer contains the event. Unknown: the channel failed before RabbitMQ answered. */
type Outcome = 'stored' | 'refused' | 'missing' | 'unknown';

/** The result of sending a stream's parked events. */
interface Attempt {
  /** Events that are no longer parked: RabbitMQ has stored them, or they are missing in the log. */
  readonly settled: readonly ParkedEvent[];
  /** How many of them RabbitMQ has stored. */
  readonly published: number;
  readonly refused: ParkedEvent | undefined;
}

/** Sends parked events again, each stream in its order. */
export class ParkedRetry {
  /** Of events that RabbitMQ has not answered yet. */
  private readonly unsettled = new Set<(outcome: Outcome) => void>();

  constructor(
    private readonly channel: ConfirmedChannel,
    private readonly parked: ParkedEvents,
    private readonly reader: LogReader,
    private readonly streams: ParkedStreams,
    private readonly log: Log,
    private readonly isCurrent: () => boolean,
  ) {}

  /**
   * Runs until `signal`.
   * @throws Error when the database fails.
   */
  async run(wakeup: Wakeup, signal: AbortSignal): Promise<void> {
    this.channel.signal.addEventListener('abort', () => {
      for (const resolve of this.unsettled) resolve('unknown');
    });
    while (!signal.aborted) {
      const due = this.streams.due();
      const parked = due.length > 0 ? await this.parked.ofStreams(due) : [];
      if (parked.length > 0) await this.retry(parked, signal);
      else await wakeup.next(due.length > 0 ? SAVE_POLL_MS : Math.min(this.streams.waitMs ?? POLL_MS, POLL_MS), signal);
    }
  }

  private async retry(parked: readonly ParkedEvent[], signal: AbortSignal): Promise<void> {
    const logged = await this.reader.readAt(parked.map(({ position }) => position));
    const events = new Map(logged.map((event) => [event.position, event]));
    const queues = byStream(parked);
    const attempts = await Promise.all(queues.map((queue) => this.sendInOrder(queue, events, signal)));
    await this.parked.remove(attempts.flatMap(({ settled }) => settled.map(({ position }) => position)));
    await this.parked.refuse(attempts.flatMap(({ refused }) => refused?.position ?? []));
    const published = attempts.reduce((sum, attempt) => sum + attempt.published, 0);
    if (published > 0) this.log.info({ events: published }, 'parked events published');
    await this.note(parked, attempts);
  }

  /** Sends a stream's events one by one until one is refused or the channel fails. */
  private async sendInOrder(
    queue: readonly ParkedEvent[],
    events: ReadonlyMap<bigint, LoggedEvent>,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const settled: ParkedEvent[] = [];
    let published = 0;
    for (const parked of queue) {
      const outcome = await this.send(parked, events.get(parked.position), signal);
      if (outcome === 'refused') return { settled, published, refused: parked };
      if (outcome === 'unknown') break;
      settled.push(parked);
      if (outcome === 'stored') published++;
    }
    return { settled, published, refused: undefined };
  }

  private async send(
    { position, type }: ParkedEvent,
    event: LoggedEvent | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (!event) {
      this.log.error(
        { position: String(position), type },
        'a parked event is missing in the log, and can’t be published',
      );
      return 'missing';
    }
    if (signal.aborted || this.channel.signal.aborted || !this.isCurrent()) return 'unknown';
    return new Promise((resolve) => {
      this.unsettled.add(resolve);
      const settle = (outcome: Outcome): void => {
        this.unsettled.delete(resolve);
        resolve(outcome);
      };
      this.channel.send(
        event,
        () => settle('stored'),
        () => settle('refused'),
      );
    });
  }

  /** Updates the schedule with the results and with the first remaining event of each stream. */
  private async note(parked: readonly ParkedEvent[], attempts: readonly Attempt[]): Promise<void> {
    const refused = new Set(attempts.flatMap((attempt) => attempt.refused?.type ?? []));
    const settled = new Set(attempts.flatMap((attempt) => attempt.settled.map(({ type }) => type)));
    for (const type of refused) this.streams.tried(type, false);
    for (const type of settled) if (!refused.has(type)) this.streams.tried(type, true);
    for (const attempt of attempts) {
      const [first] = attempt.settled;
      if (first) this.streams.subtract(first.stream, attempt.settled.length);
    }
    const open = byStream(parked).flatMap(([first]) => (this.streams.has(first!.stream) ? first!.stream : []));
    if (open.length === 0) return;
    for (const [head] of byStream(await this.parked.ofStreams(open))) {
      this.streams.setHead(head!, refused.has(head!.type) ? undefined : 0);
    }
  }
}

/** Splits events by their stream, in their order. */
function byStream(events: readonly ParkedEvent[]): readonly (readonly ParkedEvent[])[] {
  const queues = new Map<string, ParkedEvent[]>();
  for (const event of events) {
    const queue = queues.get(event.stream);
    if (queue) queue.push(event);
    else queues.set(event.stream, [event]);
  }
  return [...queues.values()];
}
