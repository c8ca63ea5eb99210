import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { UnsuccessfulWorkflowExecution } from '@angular-devkit/schematics';
import { NodeWorkflow } from '@angular-devkit/schematics/tools/index.js';
import { Command, Option } from 'commander';
import { lastValueFrom } from 'rxjs';
import { FIELD_TYPES } from './field/field-types.js';
import { DIFFERS } from './writing.js';

/** From dist-generators/libs/schematics. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COLLECTION = fileURLToPath(new URL('./collection.json', import.meta.url));
const { schematics: SCHEMATICS } = JSON.parse(readFileSync(COLLECTION, 'utf8')) as {
  readonly schematics: Readonly<Record<string, { readonly description: string }>>;
};

interface Flags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Runs one generator and says what it did; nothing is written when any part of it fails. */
async function run(schematic: string, options: object, { dryRun = false, force = false }: Flags): Promise<void> {
  const workflow = new NodeWorkflow(ROOT, { dryRun, force, packageManager: 'npm' });
  const lines: string[] = [];
  workflow.reporter.subscribe((event) => {
    const path = event.path.replace(/^\//, '');
    lines.push(event.kind === 'error' ? `refused ${path}: ${event.description}` : `${event.kind} ${path}`);
  });
  const done = workflow.execute({ collection: COLLECTION, schematic, options: { ...options, force } });
  await lastValueFrom(done, { defaultValue: undefined });
  if (lines.length === 0) return console.log('Everything is there already: nothing was changed.');
  console.log(lines.sort().join('\n'));
  if (dryRun) console.log('Nothing was written: this was a dry run.');
}

async function runAsking(schematic: string, options: object, flags: Flags): Promise<void> {
  try {
    await run(schematic, options, flags);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith(DIFFERS) || !process.stdin.isTTY) throw error;
    console.error(error.message.split('\n').slice(0, -1).join('\n'));
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question('Write them anew? What they say now is lost. [y/N] ');
    terminal.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was written.', { cause: error });
    await run(schematic, options, { ...flags, force: true });
  }
}

/** The command line of the generators, which can be run any number of times. */
function commandLine(): Command {
  const program = new Command('npm run generate --').description(
    'Writes code of the shape of libs/crm/deals, with its tests, and registers it where it belongs.',
  );
  kind(program, 'domain').option(
    '--singular <name>',
    'one of them, where that is not the plural without its ending, e.g. child',
  );
  kind(program, 'field', 'name', 'e.g. happened-on').addOption(
    new Option('--type <type>', 'type of its value').choices(Object.keys(FIELD_TYPES)).default('text'),
  );
  kind(program, 'command', 'verb', 'e.g. settle').option(
    '--done <participle>',
    'what it is then, where that is not verb + ed, e.g. paid',
  );
  kind(program, 'event', 'name', 'in the past tense, e.g. settled').requiredOption(
    '--by <verb>',
    'the act that publishes it',
  );
  kind(program, 'query', 'name', 'what it gives, e.g. summary');
  kind(program, 'job', 'name', 'e.g. settle-silent')
    .requiredOption('--does <verb>', 'the act')
    .option('--after <days>', 'days without a change', '30');
  kind(program, 'subscriber', 'name', 'e.g. settle-with-deal')
    .requiredOption('--on <key>', 'routing key, e.g. deal.deleted')
    .requiredOption('--does <verb>', 'the act');
  kind(program, 'projection', 'name', 'what it stores, e.g. tally');
  return program;
}

/** A kind of what is generated, with what all kinds take; `argument` beside the domain. */
function kind(program: Command, schematic: string, argument?: string, hint?: string): Command {
  const command = program
    .command(schematic)
    .description(SCHEMATICS[schematic]!.description)
    .argument('<domain>', 'in the plural, e.g. claims')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--force', 'write files anew that are there and say something else');
  if (argument !== undefined) command.argument(`<${argument}>`, hint);
  return command.action(() => {
    const [domain, second] = command.args;
    const options = command.opts<Flags>();
    return runAsking(schematic, { domain, ...(argument !== undefined && { [argument]: second }), ...options }, options);
  });
}

/**
 * Runs one generator and says what it did, or why it did nothing.
 * @param args kind and domain, and what the kind takes beside them.
 * @returns the exit code.
 */
export async function generateFrom(args: readonly string[]): Promise<number> {
  try {
    await commandLine().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof UnsuccessfulWorkflowExecution) console.error('Nothing was written.');
    else console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
