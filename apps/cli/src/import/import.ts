import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CrmApi } from './crm-api.js';
import { CommandError, print, type Printed } from '../command.js';
import { ProgressBar } from '../progress-bar.js';

const KINDS = ['clients', 'deals', 'policies', 'payments'];
/** Final states. */
const ENDS = ['done', 'refused', 'failed'];
const ASK_EVERY_MS = 500;
const SHOWN_FAULTS = 20;

interface ImportOptions extends Printed {
  readonly kind: string;
  readonly file: string;
  readonly dryRun?: true;
  readonly mode?: string;
  readonly duplicates?: string;
  readonly encoding?: string;
  readonly url?: string;
}

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
 * `import <kind> <file>`: uploads a CSV file to a running API and waits for the end.
 * @returns 0 when every row was taken (or would be), 1 when some were not.
 */
export async function importFile(options: ImportOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { kind, file, dryRun, mode, duplicates, encoding, url, json } = options;
  if (!KINDS.includes(kind)) throw new CommandError(`Name a kind (${KINDS.join(', ')}) and a file.`);
  const api = new CrmApi(env, url);
  const query = queryOf({ mode, duplicates, encoding, dry_run: dryRun && 'true' });
  const line = new ProgressBar(!json);
  try {
    const run = await awaitEnd(api, await handIn(api, `/imports/${kind}${query}`, file, line), line);
    line.end();
    const { items: faults } = await api.get<{ items: ShownFault[] }>(`/imports/${run.id}/errors?limit=200`);
    if (json) print(JSON.stringify({ ...run, errors: faults }));
    else tellPerson(run, faults);
    return run.state === 'done' && run.failed === 0 ? 0 : 1;
  } finally {
    line.end();
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
  while (!ENDS.includes(run.state)) {
    if (run.state !== 'queued') bar.show(run.state, run.rows_done, run.rows);
    await delay(ASK_EVERY_MS);
    run = await api.get<ShownImport>(`/imports/${run.id}`);
  }
  if (run.state !== 'failed') bar.show('done', run.rows, run.rows);
  return run;
}

function tellPerson(run: ShownImport, faults: readonly ShownFault[]): void {
  const { created, updated, skipped, failed, rows } = run;
  const what = `${created} added, ${updated} changed, ${skipped} passed over, ${failed} with faults`;
  if (run.state === 'failed') print(`The import stopped after ${run.rows_done} of ${rows} rows: see /admin/queues.`);
  else if (run.state === 'refused') print(`Nothing was imported: ${failed} of ${rows} rows have faults.`);
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
