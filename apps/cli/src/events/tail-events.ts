import { HttpSettings } from '#platform/config';
import { cloudEventOf, EventReplays, type LoggedEvent, LogReader, LogSignal, Wakeup } from '#platform/messaging';
import { print, type Printed } from '../command.js';
import { patternsOf, withLog } from './log.js';

const POLL_MS = 500;
const BATCH = 200;

interface TailOptions extends Printed {
  readonly from?: string;
  readonly types?: readonly string[];
}

/** `events tail [--from <position|time>] [--types …] [--json]`: prints events as they are published, until Ctrl-C. */
export async function tailEvents({ from, json, types: given }: TailOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const types = patternsOf(given);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // The reader of the output has closed it, as head does.
  process.stdout.on('error', () => stop.abort());
  await withLog(env, false, async (app) => {
    const reader = app.get(LogReader);
    const publicUrl = app.get(HttpSettings).publicUrl!;
    const show = (event: LoggedEvent) => print(json ? cloudEventOf(event, publicUrl) : lineOf(event));
    const wakeup = new Wakeup();
    app.get(LogSignal).onPositioned(() => wakeup.wake());
    let position = (await reader.bounds()).last;
    if (from !== undefined) position = (await app.get(EventReplays).range(from)).from - 1n;
    while (!stop.signal.aborted) {
      const { last } = await reader.bounds();
      const { events, through } = await reader.readPage(position, last, BATCH, { dealIds: [], types });
      for (const event of events) show(event);
      position = through;
      if (position >= last) await wakeup.next(POLL_MS, stop.signal);
    }
  });
  return 0;
}

function lineOf({ position, time, type, stream, streamVersion }: LoggedEvent): string {
  return `${String(position).padStart(10)}  ${time}  ${type.padEnd(28)}  ${stream} v${streamVersion}`;
}
