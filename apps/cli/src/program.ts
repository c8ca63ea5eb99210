import { Command as Verb, Option } from 'commander';
import type { Command } from './command.js';

const JSON_FLAG = ['--json', 'print JSON, for a program'] as const;
const TYPES_FLAG = ['--types <patterns>', 'event types such as deal.payment.*, by commas', several] as const;

/**
 * Parses the arguments of `npx crm` and runs the command.
 * @returns its exit code.
 * @throws CommanderError for invalid arguments, after an error message, and after help.
 */
export async function program(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let code = 0;
  /** Loads only the command that runs, because loading libraries takes most of its time. */
  const runs = <O>(load: () => Promise<Command<O>>) =>
    async function (this: Verb): Promise<void> {
      const given = this.registeredArguments.map((argument, index): [string, unknown] => [
        argument.name(),
        this.processedArgs[index],
      ]);
      const run = await load();
      code = await run({ ...Object.fromEntries(given), ...this.opts() } as O, env);
    };
  const crm = new Verb('crm')
    .usage('<command> [options]')
    .exitOverride()
    .showHelpAfterError('See npx crm help.')
    .helpCommand('help [command]', 'show a command, its arguments and options');
  addServing(crm, runs);
  addBook(crm, runs);
  addEvents(crm, runs);
  addProjections(crm, runs);
  addOperations(crm, runs);
  await crm.parseAsync([...argv], { from: 'user' });
  return code;
}

type Runs = <O>(load: () => Promise<Command<O>>) => (this: Verb) => Promise<void>;

function addServing(crm: Verb, runs: Runs): void {
  crm
    .command('start')
    .description('run the API and the worker for development, with a database of their own')
    .option('--fresh', 'start with an empty database')
    .action(runs(async () => (await import('./development/start.js')).start));
  crm
    .command('services')
    .description('run PostgreSQL, RabbitMQ and Redis for development')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./development/services.js')).services));
  crm
    .command('migrate')
    .description('migrate the schema to the version of this code')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./database/database.js')).migrate));
  crm
    .command('token')
    .description('print an access token for development, valid for 8 hours')
    .addOption(
      new Option('--role <role>', 'role of the user')
        .choices(['seller', 'executor', 'finance', 'lead', 'admin', 'service'])
        .makeOptionMandatory(),
    )
    .option('--user <uuid>', 'id of the user; the demo user of that role by default')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./development/token.js')).token));
}

function addBook(crm: Verb, runs: Runs): void {
  crm
    .command('seed')
    .description('add the demo data to an empty database')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./database/database.js')).seed));
  crm
    .command('import')
    .description('import a CSV file into a running installation, as the admin of CRM_ACCESS_TOKEN')
    .argument('<kind>', 'clients, deals, policies or payments')
    .argument('<file>', 'CSV file with a header line')
    .option('--dry-run', 'check the file without writing')
    .addOption(new Option('--mode <mode>', 'rows to import').choices(['all_or_nothing', 'good_rows']))
    .addOption(new Option('--duplicates <way>', 'for existing clients').choices(['refuse', 'skip', 'update', 'allow']))
    .addOption(new Option('--encoding <name>', 'encoding of the file').choices(['utf-8', 'windows-1251']))
    .option('--url <url>', 'URL of the API; CRM_PUBLIC_URL by default')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./import/import.js')).importFile));
  crm
    .command('journal')
    .description('journals of deals')
    .command('verify')
    .description('verify the hash chains; exits with 1 at the first broken one')
    .option('--deal <uuid>', 'only this deal')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./database/journal.js')).verifyJournals));
}

function addEvents(crm: Verb, runs: Runs): void {
  const events = crm.command('events').description('the event log');
  events
    .command('tail')
    .description('print new events until Ctrl-C')
    .option('--from <position|time>', 'start there instead of now')
    .option(...TYPES_FLAG)
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/tail-events.js')).tailEvents));
  events
    .command('replay')
    .description('send events again, to one queue')
    .requiredOption('--queue <queue>', 'destination')
    .requiredOption('--from <position|time>', 'the first event')
    .option('--to <position|time>', 'the last event; the newest by default')
    .option(...TYPES_FLAG)
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/replay-events.js')).replayEvents));
  events
    .command('bookmarks')
    .description('list the position of each consumer of the feed')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/list-bookmarks.js')).listBookmarks));
  addBrokerCommands(events, runs);
}

function addBrokerCommands(events: Verb, runs: Runs): void {
  events
    .command('redeliver')
    .description('move the dead letters of a subscriber back into its queue, or unroutable events to the exchange')
    .argument('<queue>', 'queue of a subscriber, or crm.unrouted')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/redeliver-events.js')).redeliverEvents));
  events
    .command('release')
    .description('publish the parked events again; exits with 1 if RabbitMQ still refuses some')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/release-events.js')).releaseEvents));
  events
    .command('recreate-exchange')
    .description('replace an exchange that an older release declared with arguments by a plain one')
    .option(
      '--bindings <file>',
      'bindings to keep, as rabbitmqctl list_bindings prints them in JSON; - for standard input',
    )
    .option('--without-bindings', 'keep no binding: every consumer binds its queue again')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/recreate-exchange.js')).recreateExchange));
}

function addProjections(crm: Verb, runs: Runs): void {
  const projections = crm.command('projections').description('projections of the event log');
  projections
    .command('list')
    .description('list the position, the lag and the leader of each projection')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./projections/list-projections.js')).listProjections));
  projections
    .command('rebuild')
    .description('delete the effects of a projection and read the log again, in the running worker')
    .argument('<name>', 'projection, from projections list')
    .option('--partial', 'even if retention has deleted the first events')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./projections/rebuild-projection.js')).rebuildProjection));
}

function addOperations(crm: Verb, runs: Runs): void {
  const jobs = crm.command('jobs').description('jobs of the queues');
  jobs
    .command('list')
    .description('count the jobs of each queue, and list the dead ones')
    .option('--queue <name>', 'only this queue')
    .option('--waiting', 'list waiting jobs too')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./jobs/list-jobs.js')).listJobs));
  jobs
    .command('retry')
    .description('retry dead jobs')
    .argument('[ids...]', 'ids of jobs, from jobs list')
    .option('--all', 'all dead jobs')
    .option('--queue <name>', 'all dead jobs of this queue')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./jobs/retry-jobs.js')).retryJobs));
  crm
    .command('doctor')
    .description('check an installation and name the remedy of each fault; exits with 1 if a check fails')
    .option('--lag <seconds>', 'maximum age of an event that a reader has not read', '60')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./doctor/doctor.js')).doctor));
}

/** Collects the values of a repeatable option. */
function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
