import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const REPOSITORY = join(__dirname, '../../..');

const { scripts: SCRIPTS } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** A compiler that writes a command line which needs a library that is not installed. */
const COMPILER = `
const { mkdirSync, writeFileSync } = require('node:fs');
const folder = process.argv[process.argv.indexOf('-d') + 1] + '/apps/cli/src';
mkdirSync(folder, { recursive: true });
writeFileSync(folder + '/main.js', "import 'brand-new-library';");
`;

describe('a clone without its libraries', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'clone-'));
    const files = ['preflight.mjs', 'build.mjs', 'generate.mjs', 'requirements.mjs'].map(
      (file) => `apps/cli/src/${file}`,
    );
    for (const file of [...files, 'package.json', 'test/architecture/check.mjs'])
      cpSync(join(REPOSITORY, file), join(root, file));
    write('.swcrc', '{}');
    for (const folder of ['libs', 'migrations', 'apps/console/src']) mkdirSync(join(root, folder), { recursive: true });
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  function outcome(command: string, ...words: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(command, words, { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** As npm does, which takes much longer itself. */
  const npmRun = (script: string) =>
    outcome('sh', '-c', [SCRIPTS[`pre${script}`] ?? 'true', SCRIPTS[script]].join(' && '));

  it.each(Object.keys(SCRIPTS))('is named in one line by npm run %s, though it was built before', (script) => {
    write('dist/apps/cli/src/main.js', `import 'commander';`);
    const stderr = 'The libraries are not installed: run npm ci.\n';
    expect(npmRun(script)).toEqual({ status: 1, stdout: '', stderr });
  });

  it.each(['migrate', 'start:api', 'start:worker'])('is refused by npm run %s without a build', (script) => {
    write('node_modules/@nestjs/core/package.json', '{}');
    const stderr = 'The service is not built: run npm run build.\n';
    expect(npmRun(script)).toEqual({ status: 1, stdout: '', stderr });
  });

  it('is named in one line when a single library is missing', () => {
    write('node_modules/@nestjs/core/package.json', '{}');
    write('node_modules/@swc/cli/package.json', '{ "type": "commonjs" }');
    write('node_modules/@swc/cli/bin/swc.js', COMPILER);
    write('node_modules/esbuild/index.js', 'exports.buildSync = () => undefined;');
    write('node_modules/esbuild/package.json', '{ "type": "commonjs", "main": "index.js" }');
    const token = () => outcome(process.execPath, 'apps/cli/src/preflight.mjs', 'token');
    expect(token()).toMatchObject({ status: 1, stdout: '' });
    const stderr = 'The library brand-new-library is not installed: run npm ci.\n';
    expect(token()).toEqual({ status: 1, stdout: '', stderr });
  });
});
