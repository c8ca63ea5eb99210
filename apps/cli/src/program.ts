import { Command as Verb, Option } from 'commander';
import type { Command } from './command.js';

const JSON_FLAG = ['--json', 'print JSON, for a program'] as const;
const TYPES_FLAG = ['--types <patterns>', 'event types such as deal.payment.*, by commas', several] as const;

/**
 * Runs what the words after `npx crm` say.
 * @returns the exit code.
 * @throws CommanderError when they say nothing that can be done, after telling so.
 */
export async function program(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let code = 0;
  /** Loaded one by one: a command pays for its own libraries only. */
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
    .helpCommand('help [command]', 'what a command does and takes');
  addServing(crm, runs);
  addBook(crm, runs);
  addEvents(crm, runs);
  addOperations(crm, runs);
  await crm.parseAsync([...argv], { from: 'user' });
  return code;
}

type Runs = <O>(load: () => Promise<Command<O>>) => (this: Verb) => Promise<void>;

function addServing(crm: Verb, runs: Runs): void {
  crm
    .command('start')
    .description('API and worker for development, with a database of their own')
    .option('--fresh', 'begin with an empty database')
    .action(runs(async () => (await import('./start.js')).start));
  crm
    .command('services')
    .description('PostgreSQL, RabbitMQ and Redis for development')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./services.js')).services));
  crm
    .command('migrate')
    .description('bring the schema up to this code')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./database.js')).migrate));
  crm
    .command('token')
    .description('an access token for development, for 8 hours')
    .addOption(
      new Option('--role <role>', 'whose')
        .choices(['seller', 'executor', 'finance', 'lead', 'admin', 'service'])
        .makeOptionMandatory(),
    )
    .option('--user <uuid>', 'instead of the demo user of that role')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./token.js')).token));
}

function addBook(crm: Verb, runs: Runs): void {
  crm
    .command('seed')
    .description('add the demo data to an empty database')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./database.js')).seed));
  crm
    .command('import')
    .description('a CSV file into a running installation, as the admin of CRM_ACCESS_TOKEN')
    .argument('<kind>', 'clients, deals, policies or payments')
    .argument('<file>', 'CSV with a line of column names')
    .option('--dry-run', 'check alone')
    .addOption(new Option('--mode <mode>', 'what to take').choices(['all_or_nothing', 'good_rows']))
    .addOption(new Option('--duplicates <way>', 'clients known already').choices(['refuse', 'skip', 'update', 'allow']))
    .addOption(new Option('--encoding <name>', 'of the file').choices(['utf-8', 'windows-1251']))
    .option('--url <url>', 'of the API, else CRM_PUBLIC_URL')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./import.js')).importFile));
  crm
    .command('journal')
    .description('the journals of deals')
    .command('verify')
    .description('recompute the hash chains; ends with 1 at the first that is broken')
    .option('--deal <uuid>', 'of one deal alone')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./journal.js')).verifyJournals));
}

function addEvents(crm: Verb, runs: Runs): void {
  const events = crm.command('events').description('the log of events, as its consumers see it');
  events
    .command('tail')
    .description('show events as they come, until Ctrl-C')
    .option('--from <position|time>', 'begin there instead of now')
    .option(...TYPES_FLAG)
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/tail-events.js')).tailEvents));
  events
    .command('replay')
    .description('send events once more, to one queue')
    .requiredOption('--queue <queue>', 'where to')
    .requiredOption('--from <position|time>', 'the first')
    .option('--to <position|time>', 'the last, else the newest')
    .option(...TYPES_FLAG)
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/replay-events.js')).replayEvents));
  events
    .command('bookmarks')
    .description('how far each consumer of the feed has come')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/list-bookmarks.js')).listBookmarks));
  addBrokerCommands(events, runs);
}

function addBrokerCommands(events: Verb, runs: Runs): void {
  events
    .command('redeliver')
    .description('move the dead letters of a subscriber back into its queue, or unroutable events to the exchange')
    .argument('<queue>', 'of a subscriber, or crm.unrouted')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/redeliver-events.js')).redeliverEvents));
  events
    .command('release')
    .description('send the events again that RabbitMQ refused; ends with 1 when some are still refused')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/release-events.js')).releaseEvents));
  events
    .command('recreate-exchange')
    .description('replace an exchange that an older release declared with arguments by a plain one')
    .option(
      '--bindings <file>',
      'bindings to keep, as rabbitmqctl list_bindings prints them in JSON; - for standard input',
    )
    .option('--without-bindings', 'keep none: every consumer binds its queue again')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./events/recreate-exchange.js')).recreateExchange));
}

function addOperations(crm: Verb, runs: Runs): void {
  const jobs = crm.command('jobs').description('the work of the queues');
  jobs
    .command('list')
    .description('how much there is in each queue, and what failed for good')
    .option('--queue <name>', 'of one queue alone')
    .option('--waiting', 'what waits to be run, too')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./jobs/list-jobs.js')).listJobs));
  jobs
    .command('retry')
    .description('try again what failed for good')
    .argument('[ids...]', 'of jobs, as jobs list shows them')
    .option('--all', 'every one')
    .option('--queue <name>', 'every one of this queue')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./jobs/retry-jobs.js')).retryJobs));
  crm
    .command('doctor')
    .description('look for what is wrong with an installation, and name the remedy; ends with 1 when there is any')
    .option('--lag <seconds>', 'how long an event may wait for its readers', '60')
    .option(...JSON_FLAG)
    .action(runs(async () => (await import('./doctor/doctor.js')).doctor));
}

/** An option that may be given again. */
function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
