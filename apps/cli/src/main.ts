import type { Command } from './command.js';

const USAGE = `npm run crm -- <command>

  start [--fresh]                        API and worker for development, with a database of their own
  services                               PostgreSQL, RabbitMQ and Redis for development
  migrate                                bring the schema up to this code
  seed                                   add the demo data to an empty database
  events replay --queue <queue> --from <position|time> [--to <position|time>] [--types <types>] [--json]
                                         send events once more, to one queue
  events tail [--from <position|time>] [--types <types>] [--json]
                                         show events as they come
  events bookmarks [--json]              how far each consumer of the feed has come
  token --role <role> [--user <uuid>]    an access token for development
  import <kind> <file> [--dry-run] [--mode all_or_nothing|good_rows] [--duplicates refuse|skip|update|allow]
         [--encoding utf-8|windows-1251] [--url <url>] [--json]
                                         a CSV file into a running installation, as the admin of CRM_ACCESS_TOKEN`;

/** Loaded one by one: a command pays for its own libraries only. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).start,
  services: async () => (await import('./services.js')).services,
  migrate: async () => (await import('./database.js')).migrate,
  seed: async () => (await import('./database.js')).seed,
  events: async () => (await import('./events/events.js')).events,
  token: async () => (await import('./token.js')).token,
  import: async () => (await import('./import.js')).importFile,
};

const EX_USAGE = 64;
const EX_CONFIG = 78;

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    process.stderr.write(`${USAGE}\n`);
    return EX_USAGE;
  }
  try {
    const command = await load();
    return await command(args, process.env);
  } catch (error) {
    return explain(error as NodeJS.ErrnoException);
  }
}

/** One line for what a person can mend, the whole error for what they can't. */
function explain(error: NodeJS.ErrnoException): number {
  const misused = error.code?.startsWith('ERR_PARSE_ARGS') ?? false;
  const ours = ['CommandError', 'ServiceError', 'SettingsError'].includes(error.name);
  process.stderr.write(`${ours || misused ? error.message : error.stack}\n`);
  if (misused) process.stderr.write(`${USAGE}\n`);
  if (misused) return EX_USAGE;
  return error.name === 'SettingsError' ? EX_CONFIG : 1;
}

process.exit(await main(process.argv.slice(2)));
