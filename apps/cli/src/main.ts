import { CommanderError } from 'commander';
import { program } from './program.js';

const EX_USAGE = 64;
const EX_CONFIG = 78;

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await program(argv, process.env);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') throw error; // preflight.mjs names the library
    return explain(error as Error);
  }
}

/** A closed output, as by `head`, is no error: the command continues without it. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Prints one line for an error that the user can correct, the whole error for any other. */
function explain(error: Error): number {
  const ours = ['CommandError', 'ServiceError', 'SettingsError'].includes(error.name);
  process.stderr.write(`${ours ? error.message : error.stack}\n`);
  return error.name === 'SettingsError' ? EX_CONFIG : 1;
}

ignoreClosedPipes();
process.exit(await main(process.argv.slice(2)));
