import { Dice } from '../../apps/cli/src/demo/content/dice.js';

export const PROCESSES = ['api 1', 'api 2', 'worker 1', 'worker 2'] as const;
export const SERVERS = ['PostgreSQL', 'RabbitMQ', 'Redis'] as const;
/** The worker that leads this task when the fault begins. */
export const LEADERS = ['publisher', 'sequencer', 'projection/reminders'] as const;

export type ProcessName = (typeof PROCESSES)[number];
export type ServerName = (typeof SERVERS)[number];
export type LeaderName = (typeof LEADERS)[number];
export type Target = ProcessName | ServerName | LeaderName;

interface FaultSpec {
  readonly targets: readonly Target[];
  /** How long the fault lasts, in milliseconds. */
  readonly lastsMs: readonly [number, number];
}

const EVERYTHING = [...PROCESSES, ...SERVERS];

/** Every kind of fault. */
const FAULTS = {
  'kill -9': { targets: EVERYTHING, lastsMs: [200, 3_000] },
  SIGSTOP: { targets: EVERYTHING, lastsMs: [500, 6_000] },
  // A lease lasts ten seconds.
  'SIGSTOP beyond the lease': { targets: [...LEADERS, 'PostgreSQL', 'RabbitMQ'], lastsMs: [12_000, 16_000] },
  SIGTERM: { targets: EVERYTHING, lastsMs: [200, 3_000] },
  'clock step': { targets: PROCESSES, lastsMs: [1_000, 8_000] },
  'connections cut': { targets: SERVERS, lastsMs: [300, 1_500] },
  'connections frozen': { targets: SERVERS, lastsMs: [1_000, 7_000] },
  'answers lost': { targets: ['PostgreSQL', 'RabbitMQ'], lastsMs: [100, 500] },
  'full queue': { targets: ['RabbitMQ'], lastsMs: [3_000, 9_000] },
  'disk alarm': { targets: ['RabbitMQ'], lastsMs: [3_000, 8_000] },
  'memory alarm': { targets: ['RabbitMQ'], lastsMs: [3_000, 8_000] },
  FLUSHALL: { targets: ['Redis'], lastsMs: [0, 0] },
} as const satisfies Readonly<Record<string, FaultSpec>>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

export interface PlannedFault {
  /** Milliseconds from the start of the storm. */
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: Target;
  readonly lastsMs: number;
}

export interface StormOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly faults: number;
  /** Writes sent per second while the API answers. */
  readonly rate: number;
  /** Kinds of faults to choose from; all by default. */
  readonly only?: readonly FaultKind[];
}

type Combination = readonly [FaultKind, Target];

/** One fault of each group, so that a short storm meets the most different ones. */
const SHORT: readonly (readonly Combination[])[] = [
  [['kill -9', 'PostgreSQL']],
  [['SIGSTOP beyond the lease', 'publisher']],
  [
    ['kill -9', 'RabbitMQ'],
    ['SIGTERM', 'RabbitMQ'],
  ],
  PROCESSES.slice(0, 2).map((name) => ['kill -9', name] as const),
  PROCESSES.slice(2).map((name) => ['SIGTERM', name] as const),
  [
    ['answers lost', 'PostgreSQL'],
    ['connections cut', 'PostgreSQL'],
  ],
  [
    ['full queue', 'RabbitMQ'],
    ['disk alarm', 'RabbitMQ'],
  ],
  [['FLUSHALL', 'Redis']],
  PROCESSES.slice(2).map((name) => ['clock step', name] as const),
];

/** No fault begins in this time after the start, and before the end. */
const QUIET_MS = 4_000;

/** Chooses faults by the seed: the same options give the same plan. */
export function planOf({ seed, minutes, faults, only }: StormOptions): PlannedFault[] {
  const random = new Dice(seed);
  const chosen = faults <= SHORT.length && !only ? shortDeck(random) : longDeck(random, faults, only ?? FAULT_KINDS);
  const slotMs = (minutes * 60_000 - 2 * QUIET_MS) / faults;
  return chosen.slice(0, faults).map(([kind, target], index) => {
    const atMs = QUIET_MS + Math.round(slotMs * (index + random.fraction() / 2));
    const [shortestMs, longestMs] = FAULTS[kind].lastsMs;
    return { atMs, kind, target, lastsMs: random.whole(shortestMs, longestMs) };
  });
}

function shortDeck(random: Dice): Combination[] {
  return random.shuffled(SHORT).map((group) => random.pick(group));
}

/** Each combination of kind and target comes once before any comes again. */
function longDeck(random: Dice, count: number, kinds: readonly FaultKind[]): Combination[] {
  const combinations = kinds.flatMap((kind) => FAULTS[kind].targets.map((target) => [kind, target] as const));
  const deck: Combination[] = [];
  while (deck.length < count) deck.push(...random.shuffled(combinations));
  return deck;
}
