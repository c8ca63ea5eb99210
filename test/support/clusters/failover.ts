import { setTimeout as delay } from 'node:timers/promises';
import { printMeasurements } from '../books/measurements.js';
import { WriteLoad } from '../books/write-load.js';
import type { CrmUser } from '../crm-user.js';

/** Changes of each load before the fault, and after it until writes count as resumed. */
const CHANGES = 50;

/** Loads of several API processes, counted as one. */
export class WriteLoads {
  private constructor(private readonly loads: readonly WriteLoad[]) {}

  static async begin(users: readonly CrmUser[]): Promise<WriteLoads> {
    const options = { perSecond: 50, writers: 4, most: 20_000 };
    return new WriteLoads(await Promise.all(users.map((user) => WriteLoad.begin(user, options))));
  }

  get acknowledged(): WriteLoad['acknowledged'] {
    return this.loads.flatMap(({ acknowledged }) => acknowledged);
  }

  get refused(): WriteLoad['refused'] {
    return this.loads.flatMap(({ refused }) => refused);
  }

  get unanswered(): WriteLoad['unanswered'] {
    return this.loads.flatMap(({ unanswered }) => unanswered);
  }

  get settled(): number {
    return this.loads.reduce((sum, { settled }) => sum + settled, 0);
  }

  /** Waits until each load has `count` more changes acknowledged. */
  async acknowledge(count: number): Promise<void> {
    await Promise.all(this.loads.map((load) => load.acknowledge(count)));
  }

  async end(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.end()));
  }

  /** Starts to measure the longest time without an acknowledged change. */
  measurePause(): { end(): Promise<number> } {
    let [isRunning, longest, count, since] = [true, 0, 0, performance.now()];
    const watch = async (): Promise<void> => {
      while (isRunning) {
        await delay(20);
        const now = performance.now();
        const acknowledged = this.loads.reduce((sum, load) => sum + load.acknowledged.length, 0);
        longest = Math.max(longest, now - since);
        if (acknowledged > count) [count, since] = [acknowledged, now];
      }
    };
    const watching = watch();
    return {
      end: async () => {
        isRunning = false;
        await watching;
        return longest;
      },
    };
  }
}

/** A server that ends under load, and what must go on after it. */
interface Fault {
  readonly what: string;
  readonly cause: () => Promise<void>;
  /** Resolves when the rest works again that depends on the server. */
  readonly recovered: () => Promise<void>;
}

/** Causes a fault under load, waits until every load is acknowledged again, and prints the times. */
export async function expectRecovery(loads: WriteLoads, { what, cause, recovered }: Fault): Promise<void> {
  await loads.acknowledge(CHANGES);
  const pause = loads.measurePause();
  const startedAt = performance.now();
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  await cause();
  await loads.acknowledge(CHANGES);
  await recovered();
  const recoveredMs = performance.now() - startedAt;
  printMeasurements(what, {
    'longest pause of writes s': seconds(await pause.end()),
    'all recovered after s': seconds(recoveredMs),
    'refused writes': loads.refused.length,
  });
}
