import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TestDatabase } from '#platform/testing';
import { commandLine } from '../support/programs/command-line.js';
import { SystemPostgres } from '../support/programs/system-postgres.js';

const DRILL = join(__dirname, '../../docs/examples/restore-drill.sh');
const CLIENT = `INSERT INTO crm.clients (id, name, kind, status, version, created_at, updated_at)
  VALUES (gen_random_uuid(), 'Иванова Мария', 'person', 'active', 1, now(), now())`;
const TOOLS = ['psql', 'pg_dump', 'pg_restore'];

interface Drill {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the restore drill', () => {
  let postgres: SystemPostgres;
  let database: TestDatabase;
  let stubs: string;

  beforeAll(async () => {
    postgres = await SystemPostgres.start();
    expect(await commandLine({ CRM_DATABASE_URL: postgres.url }, 'migrate')).toMatchObject({ code: 0 });
    database = new TestDatabase(postgres.url, true);
    await database.rows(CLIENT);
  });

  beforeEach(() => {
    stubs = mkdtempSync(join(tmpdir(), 'stubs-'));
  });

  afterEach(async () => {
    rmSync(stubs, { recursive: true });
    const copies = `SELECT datname FROM pg_database WHERE datname LIKE 'crm\\_restore%'`;
    expect(await database.rows(copies)).toEqual([]);
  });

  afterAll(() => postgres?.discard());

  /** Replaces a tool by a script, in which $real is the path of the tool. */
  function stub(tool: string, script: string): void {
    const file = join(stubs, tool);
    writeFileSync(file, `#!/bin/sh\nreal='${join(postgres.tools, tool)}'\n${script}\n`);
    chmodSync(file, 0o755);
  }

  async function drill(): Promise<Drill> {
    const path = [stubs, postgres.tools, process.env.PATH].join(delimiter);
    const child = spawn('bash', [DRILL], { env: { PATH: path, HOME: stubs, CRM_DATABASE_URL: postgres.url } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  it('restores the dump, compares it with the original and drops the copy', async () => {
    const { code, stdout, stderr } = await drill();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^backed up: /);
    expect(stdout).toContain('\nclients|1\n');
  });

  it.each(TOOLS)('refuses a %s that is older than the server, before it dumps', async (tool) => {
    stub(tool, `if [ "$1" = --version ]; then echo '${tool} (PostgreSQL) 9.6.24'; else exec "$real" "$@"; fi`);
    const { code, stdout, stderr } = await drill();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${tool} 9 is older than the server \\(\\d+\\): install .*\\n$`));
  });

  it('stops when the dump fails, and restores nothing', async () => {
    stub(
      'pg_dump',
      `if [ "$1" = --version ]; then exec "$real" "$1"; fi
      "$real" "$@"
      echo 'pg_dump: error: the connection was lost' >&2
      exit 1`,
    );
    const { code, stdout, stderr } = await drill();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/The dump failed: nothing was restored\.\n$/);
  });

  it('passes no password in the arguments of a tool', async () => {
    for (const tool of TOOLS) stub(tool, `echo "$0 $*" >>"$HOME/arguments"\nexec "$real" "$@"`);
    expect(await drill()).toMatchObject({ code: 0 });
    const seen = readFileSync(join(stubs, 'arguments'), 'utf8');
    for (const tool of TOOLS) expect(seen).toContain(`/${tool} `);
    expect(seen).not.toMatch(/p@ss|p%40ss|:\/\//);
  });
});
