/** One word after `npm run crm`. Gives the exit code. */
export type Command = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

/** What keeps a command from its work, in one line for a person: the fact, then the remedy. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Where the development database, its secrets and those of the servers lie: in the folder the command was given in. */
export const DATA_DIRECTORY = '.data';

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}
