import { CommandError } from '../command.js';
import { listBookmarks } from './list-bookmarks.js';
import { replayEvents } from './replay-events.js';
import { tailEvents } from './tail-events.js';

const SUBCOMMANDS = { replay: replayEvents, tail: tailEvents, bookmarks: listBookmarks };

/** `events replay|tail|bookmarks`: the log of events, as its consumers see it. */
export async function events([name = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (!Object.hasOwn(SUBCOMMANDS, name)) {
    throw new CommandError(`Say what to do with events: ${Object.keys(SUBCOMMANDS).join(', ')}.`);
  }
  return SUBCOMMANDS[name as keyof typeof SUBCOMMANDS](args, env);
}
