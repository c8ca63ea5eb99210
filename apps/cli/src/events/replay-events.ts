import { SingleBar } from 'cli-progress';
import { EventReplays, QueueMissingError, QueueReplay } from '#platform/messaging';
import { CommandError, print, type Printed } from '../command.js';
import { patternsOf, withLog } from './log.js';

interface ReplayOptions extends Printed {
  readonly queue: string;
  readonly from: string;
  readonly to?: string;
  readonly types?: readonly string[];
}

/** Prints the progress of a replay. */
interface Display {
  show(position: bigint, published: number): void;
  end(): void;
}

/**
 * `events replay --queue <queue> --from <position|time> [--to …] [--types …] [--json]`: publishes a part of the log to
 * one queue, and prints its position when it is stopped.
 */
export async function replayEvents(options: ReplayOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { queue, from, to, json = false } = options;
  const types = patternsOf(options.types);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  let isWhole = false;
  await withLog(env, true, async (app) => {
    const replays = app.get(EventReplays);
    const range = await replays.range(from, to);
    const part = { queue, types, position: range.from - 1n, to: range.to };
    const display = json ? jsonDisplay(range) : barDisplay(range);
    let published = 0;
    let reached = part.position;
    const rest = (): string => `--from ${reached + 1n} --to ${range.to}`;
    try {
      reached = await app.get(QueueReplay).run(part, stop.signal, (progress) => {
        published += progress.published;
        reached = progress.position;
        display.show(reached, published);
      });
    } catch (error) {
      if (error instanceof QueueMissingError) throw new CommandError(`${error.message}.`);
      throw new CommandError(`Interrupted: ${(error as Error).message}. Go on with ${rest()}.`);
    } finally {
      display.end();
    }
    isWhole = reached >= range.to;
    if (!json) print(`Sent ${published} event(s) of positions ${range.from} to ${reached} to ${queue}.`);
    if (!isWhole) process.stderr.write(`Stopped: go on with ${rest()}.\n`);
  });
  return isWhole ? 0 : 1;
}

function barDisplay({ from, to }: { readonly from: bigint; readonly to: bigint }): Display {
  const format = '{bar} {percentage}% | position {position} | {sent} sent | {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, noTTYOutput: false });
  bar.start(Number(to - from) + 1, 0, { position: String(from), sent: 0 });
  return {
    show: (position, sent) => bar.update(Number(position - from) + 1, { position: String(position), sent }),
    end: () => bar.stop(),
  };
}

function jsonDisplay({ from, to }: { readonly from: bigint; readonly to: bigint }): Display {
  return {
    show: (position, published) =>
      print(JSON.stringify({ from: String(from), to: String(to), position: String(position), published })),
    end: () => undefined,
  };
}
