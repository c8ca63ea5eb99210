/** What one word after `npx crm` does, with its arguments and options by name. Gives the exit code. */
export type Command<O = object> = (options: O, env: NodeJS.ProcessEnv) => Promise<number>;

/** What every command that prints takes: JSON for a program instead of lines for a person. */
export interface Printed {
  readonly json?: true;
}

/** What keeps a command from its work, in one line for a person: the fact, then the remedy. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Where the development database, its secrets and those of the servers lie: in the folder the command was given in. */
export const DATA_DIRECTORY = '.data';

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints `line`, or `facts` when they are for a program. */
export function tell({ json }: Printed, facts: unknown, line: string): void {
  print(json ? JSON.stringify(facts) : line);
}
