import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { envExample } from './env-example.js';
import { ROOT, runTool, TOOL_TIMEOUT_MS } from './planted-tree.js';

const TOP_LEVEL = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'README.md'].concat([
  'LICENSE',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'apps',
  'libs',
  'migrations',
  'test',
  'docker',
  'docs',
]);

/** Everything that is, or would be, committed. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The folders right under `folder`. */
function foldersIn(folder: string): string[] {
  const inside = files.filter((file) => file.startsWith(`${folder}/`));
  return [...new Set(inside.map((file) => file.slice(folder.length + 1).split('/')).map(([first]) => first!))].sort();
}

jest.setTimeout(TOOL_TIMEOUT_MS);

describe('the house', () => {
  it('keeps its top level to what the map names', () => {
    const entries = new Set(files.map((file) => file.split('/')[0]!));
    expect([...entries].filter((entry) => !entry.startsWith('.') && !TOP_LEVEL.includes(entry))).toEqual([]);
  });

  it('has at most 20 files at one level of a folder of code', () => {
    const counts = new Map<string, number>();
    for (const file of files.filter((path) => /^(apps|libs|test|docker)\//.test(path))) {
      counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });

  it('has no drawer for odds and ends', () => {
    const drawers = /(^|\/)(shared|common|utils?|core|helpers?|misc|impl)\//;
    const vague = /(^|[-.])(managers?|helpers?|utils?|impl|info)([-.]|$)/;
    const code = files.filter((file) => !/^(\.|docs\/)/.test(file));
    expect(code.filter((file) => drawers.test(file) || vague.test(basename(file)))).toEqual([]);
  });

  it('holds business and platform, each in folders with a door', () => {
    expect(foldersIn('libs').filter((folder) => !['crm', 'platform', 'schematics'].includes(folder))).toEqual([]);
    const doors = [
      ...foldersIn('libs/platform').map((library) => `libs/platform/${library}/index.ts`),
      ...foldersIn('libs/crm').flatMap((domain) =>
        ['index.ts', 'contracts.ts', `${domain}.module.ts`].map((door) => `libs/crm/${domain}/${door}`),
      ),
    ];
    expect(doors.filter((door) => !files.includes(door))).toEqual([]);
  });

  it('gives each platform library its place in the order of imports', () => {
    const { forbidden } = jest.requireActual<{ forbidden: { name: string }[] }>(join(ROOT, '.dependency-cruiser.cjs'));
    const placed = forbidden.map(({ name }) => /^platform-order-(.+)$/.exec(name)?.[1]);
    expect(foldersIn('libs/platform').filter((library) => !placed.includes(library))).toEqual([]);
  });

  it('lets no one but payments name the tables of payments', () => {
    const tables =
      /\b(from|join|into|update|table|using)\s+(only\s+)?(crm\.)?(payments|payment_incomes|payment_expenses)\b/i;
    const others = files.filter((file) => /^(apps|libs)\/.*\.ts$/.test(file) && !file.startsWith('libs/crm/payments/'));
    expect(others.filter((file) => tables.test(read(file)))).toEqual([]);
  });

  it('runs every spec it has', () => {
    const { stdout } = runTool('jest/bin/jest.js', ['-c', '.jest.config.cjs', '--listTests']);
    const run = new Set(stdout.split('\n'));
    const specs = files.filter((file) => /spec\.ts$/.test(file) && !/^libs\/schematics\/[^/]+\/files\//.test(file));
    expect(specs.filter((spec) => !run.has(join(ROOT, spec)))).toEqual([]);
  });

  it('shows every setting, its meaning and its default in .env.example', () => {
    expect(read('.env.example')).toBe(envExample());
  });

  it('keeps README.md short, and every relative link of the documents leads to a file', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150);
    const documents = files.filter((file) => /^([A-Z]+|docs\/.+|test\/bench\/README)\.md$/.test(file));
    const broken = documents.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|\/)([^)#]+)[^)]*\)/g)]
        .map(([, path]) => join(dirname(file), path!))
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${file}: ${path}`),
    );
    expect(broken).toEqual([]);
  });

  it('locks packages by version and hash, not by the registry of one machine', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/);
  });
});
