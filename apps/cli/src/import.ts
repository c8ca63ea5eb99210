import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { CrmApi } from './crm-api.js';
import { CommandError, print } from './command.js';

const KINDS = ['clients', 'deals', 'policies', 'payments'];
const ASK_EVERY_MS = 500;
const SHOWN_FAULTS = 20;
const OPTIONS = {
  'dry-run': { type: 'boolean' },
  mode: { type: 'string' },
  duplicates: { type: 'string' },
  encoding: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** An import as the API shows it. */
interface ShownImport {
  readonly id: string;
  readonly state: string;
  readonly dry_run: boolean;
  readonly rows: number;
  readonly rows_done: number;
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  readonly rows_per_second: number | null;
}

interface ShownFault {
  readonly line: number;
  readonly column: string | null;
  readonly code: string;
  readonly detail: string;
}

/**
 * `import <kind> <file>`: hands a CSV file to a running API and waits for the end.
 * @returns 0 when every row was taken (or would be), 1 when some were not.
 */
export async function importFile(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [kind = '', file, ...rest] = positionals;
  if (!KINDS.includes(kind) || file === undefined || rest.length > 0) {
    throw new CommandError(`Name a kind (${KINDS.join(', ')}) and a file: import <kind> <file>.`);
  }
  const api = new CrmApi(env, values.url);
  const { mode, duplicates, encoding } = values;
  const query = queryOf({ mode, duplicates, encoding, dry_run: values['dry-run'] ? 'true' : undefined });
  const line = new ProgressBar(!values.json && process.stderr.isTTY);
  try {
    const run = await awaitEnd(api, await handIn(api, `/imports/${kind}${query}`, file, line), line);
    line.end();
    const { items: faults } = await api.get<{ items: ShownFault[] }>(`/imports/${run.id}/errors?limit=200`);
    if (values.json) print(JSON.stringify({ ...run, errors: faults }));
    else tell(run, faults);
    return run.state === 'done' && run.failed === 0 ? 0 : 1;
  } finally {
    line.end();
  }
}

/** A bar of one phase after the other; nothing where nobody looks at a terminal. */
class ProgressBar {
  private bar: SingleBar | undefined;
  private phase = '';

  constructor(private readonly isShown: boolean) {}

  show(phase: string, done: number, total: number): void {
    if (!this.isShown) return;
    if (phase !== this.phase) {
      this.end();
      this.bar = new SingleBar({
        format: `${phase.padEnd(9)} {bar} {percentage}% {value}/{total}, {eta_formatted} left`,
        hideCursor: true,
      });
      this.bar.start(total, done);
      this.phase = phase;
    }
    this.bar?.update(done);
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

async function handIn(api: CrmApi, path: string, file: string, bar: ProgressBar): Promise<ShownImport> {
  const { size } = await stat(file).catch(() => {
    throw new CommandError(`There is no file ${file}.`);
  });
  let sent = 0;
  const content = createReadStream(file).on('data', (bytes) => bar.show('sending', (sent += bytes.length), size));
  return api.post<ShownImport>(path, content, { 'content-type': 'text/csv', 'content-length': String(size) });
}

async function awaitEnd(api: CrmApi, begun: ShownImport, bar: ProgressBar): Promise<ShownImport> {
  let run = begun;
  while (run.state !== 'done' && run.state !== 'refused') {
    if (run.state !== 'queued') bar.show(run.state, run.rows_done, run.rows);
    await delay(ASK_EVERY_MS);
    run = await api.get<ShownImport>(`/imports/${run.id}`);
  }
  bar.show('done', run.rows, run.rows);
  return run;
}

function tell(run: ShownImport, faults: readonly ShownFault[]): void {
  const { created, updated, skipped, failed, rows } = run;
  const what = `${created} added, ${updated} changed, ${skipped} passed over, ${failed} with faults`;
  if (run.state === 'refused') print(`Nothing was imported: ${failed} of ${rows} rows have faults.`);
  else print(run.dry_run ? `Nothing was written. Of ${rows} rows: ${what}.` : `Of ${rows} rows: ${what}.`);
  for (const { line, column, code, detail } of faults.slice(0, SHOWN_FAULTS)) {
    print(`  line ${line}${column === null ? '' : `, ${column}`}: ${code}: ${detail}`);
  }
  if (faults.length > SHOWN_FAULTS) print(`  … all of them: GET /api/v1/imports/${run.id}/errors`);
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
