import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#platform/testing';
import type { CrmUser } from '../support/crm-user.js';
import { csvOf } from '../support/import-harness.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';

const CLI = join(__dirname, '../../dist/apps/cli/src/main.js');

describe('the command import', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let admin: CrmUser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crm-import-'));
    crm = await Installation.start();
    [api, worker] = await Promise.all([crm.api(), crm.worker()]);
    admin = crm.user(api, ['ROLE_ADMIN']);
  });
  afterAll(async () => {
    await crm.discard();
    await rm(folder, { recursive: true });
  });

  async function run(csv: string, ...args: readonly string[]): Promise<{ code: number | null; said: string }> {
    const file = join(folder, 'file.csv');
    await writeFile(file, csv);
    const env = { ...crm.environment(), CRM_ACCESS_TOKEN: admin.token, CRM_PUBLIC_URL: api.url };
    const child = spawn(process.execPath, [CLI, 'import', ...args, file], { env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, said };
  }

  const COLUMNS = ['name', 'kind'];

  it('uploads a file, waits for the end of the import, and prints the result of its rows', async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => [`Клиент ${index}`, 'person']);
    const taken = await run(csvOf(COLUMNS, rows), 'clients', '--mode', 'good_rows');
    expect(taken).toEqual({ code: 0, said: 'Of 3000 rows: 3000 added, 0 changed, 0 passed over, 0 with faults.\n' });
  });

  it('exits with 1 when a row is refused, and prints its line', async () => {
    const bad = csvOf(COLUMNS, [
      ['Годный', 'person'],
      ['Негодный', 'robot'],
    ]);
    const refused = await run(bad, 'clients');
    expect(refused.code).toBe(1);
    expect(refused.said).toContain('Nothing was imported: 1 of 2 rows have faults.');
    expect(refused.said).toContain('line 3, kind: not_one_of: must be one of person, company');
    const dry = await run(bad, 'clients', '--dry-run', '--mode', 'good_rows', '--json');
    expect(dry.code).toBe(1);
    expect(JSON.parse(dry.said)).toMatchObject({ dry_run: true, created: 1, failed: 1, errors: [{ line: 3 }] });
  });

  it('exits with 1 when the import job has failed for good', async () => {
    await worker.stop();
    const [taken] = await Promise.all([
      run(csvOf(COLUMNS, [['Клиент', 'person']]), 'clients'),
      until(async () => {
        const giveUp = `UPDATE crm.job_requests SET state = 'failed', finished_at = now()
          WHERE queue = 'imports' AND state = 'pending' RETURNING id`;
        return (await crm.database.rows(giveUp)).length > 0;
      }),
    ]);
    expect(taken.code).toBe(1);
    expect(taken.said).toContain('The import stopped after 0 of 1 rows: see /admin/queues.');
  });

  it('prints a short message for errors of the API or of the caller', async () => {
    const refused = await run('name,colour\r\nА,red\r\n', 'clients');
    expect(refused.code).toBe(1);
    expect(refused.said).toContain('(422 wrong_columns)');
    expect(refused.said).toContain('colour: is not one of');
    expect((await run('', 'robots')).said).toContain('Name a kind');
    const away = await run('name\r\n', 'clients', '--url', 'http://127.0.0.1:1');
    expect(away).toMatchObject({ code: 1, said: expect.stringContaining("can't be reached: ECONNREFUSED") });
  });
});
