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

interface Flags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Runs one generator and says what it did; nothing is written when any part of it fails. */
async function run(schematic: string, options: object, { dryRun = false, force = false }: Flags): Promise<void> {
  const workflow = new NodeWorkflow(ROOT, { dryRun, force, packageManager: 'npm' });
  const told: string[] = [];
  workflow.reporter.subscribe((event) => {
    const path = event.path.replace(/^\//, '');
    told.push(event.kind === 'error' ? `refused ${path}: ${event.description}` : `${event.kind} ${path}`);
  });
  const done = workflow.execute({ collection: COLLECTION, schematic, options: { ...options, force } });
  await lastValueFrom(done, { defaultValue: undefined });
  if (told.length === 0) return console.log('Everything is there already: nothing was changed.');
  console.log(told.sort().join('\n'));
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

const program = new Command('npm run generate --').description(
  'Writes code of the shape of libs/crm/deals, with its tests, and registers it where it belongs.',
);

function kind(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<domain>', 'in the plural, e.g. claims')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--force', 'write files anew that are there and say something else');
}

kind('domain', 'a part of a deal: routes, journal, events, rights, migration and tests')
  .option('--singular <name>', 'one of them, where that is not the plural without its ending')
  .action((domain: string, options: object) => runAsking('domain', { domain, ...options }, options));
kind('command', 'an act, done once to one of them: verb, command, route, right, column and test')
  .argument('<verb>', 'e.g. settle')
  .option('--done <participle>', 'what it is then, where that is not verb + ed, e.g. paid')
  .action((domain: string, verb: string, options: object) =>
    runAsking('command', { domain, verb, ...options }, options),
  );
kind('event', 'a type of event of its own for an act')
  .argument('<name>', 'in the past tense, e.g. settled')
  .requiredOption('--by <verb>', 'the act that it tells of')
  .action((domain: string, name: string, options: object) => runAsking('event', { domain, name, ...options }, options));
kind('query', 'a reading of its own: query, route and test')
  .argument('<name>', 'what it gives, e.g. summary')
  .action((domain: string, name: string, options: object) => runAsking('query', { domain, name, ...options }, options));
kind('subscriber', 'listens to an event of the deal and carries an act out')
  .argument('<name>', 'e.g. settle-with-deal')
  .requiredOption('--on <key>', 'routing key, e.g. deal.deleted')
  .requiredOption('--does <verb>', 'the act')
  .action((domain: string, name: string, options: object) =>
    runAsking('subscriber', { domain, name, ...options }, options),
  );
kind('job', 'each morning carries an act out for those that are due')
  .argument('<name>', 'e.g. settle-silent')
  .requiredOption('--does <verb>', 'the act')
  .option('--after <days>', 'how long nobody touched them', '30')
  .action((domain: string, name: string, options: object) => runAsking('job', { domain, name, ...options }, options));
kind('field', 'a field: column, migration, DTOs, resource and events')
  .argument('<name>', 'e.g. happened-on')
  .addOption(new Option('--type <type>', 'what it holds').choices(Object.keys(FIELD_TYPES)).default('text'))
  .action((domain: string, name: string, options: object) => runAsking('field', { domain, name, ...options }, options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof UnsuccessfulWorkflowExecution) console.error('Nothing was written.');
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
