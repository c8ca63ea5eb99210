import { CommanderError } from 'commander';
import { program } from './program.js';

const EX_USAGE = 64;
const EX_CONFIG = 78;

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await program(argv, process.env);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
    return explain(error as Error);
  }
}

/** One line for what a person can mend, the whole error for what they can't. */
function explain(error: Error): number {
  const ours = ['CommandError', 'ServiceError', 'SettingsError'].includes(error.name);
  process.stderr.write(`${ours ? error.message : error.stack}\n`);
  return error.name === 'SettingsError' ? EX_CONFIG : 1;
}

process.exit(await main(process.argv.slice(2)));
