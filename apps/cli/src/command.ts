/** Runs one command of `npx crm` with its arguments and options by name. Returns the exit code. */
export type Command<O = object> = (options: O, env: NodeJS.ProcessEnv) => Promise<number>;

/** Option of every command that prints: JSON instead of text. */
export interface Printed {
  readonly json?: true;
}

/** A failure that the user can correct. The message is one line: the fact, then the remedy. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Folder of the development database and of all secrets, in the current directory. */
export const DATA_DIRECTORY = '.data';

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints `line`, or `facts` as JSON with `--json`. */
export function report({ json }: Printed, facts: unknown, line: string): void {
  print(json ? JSON.stringify(facts) : line);
}
