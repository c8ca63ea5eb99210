import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A compiler that writes a command line which needs a library nobody installed. */
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
    for (const file of ['preflight.mjs', 'build.mjs', 'generate.mjs']) {
      cpSync(join(__dirname, file), join(root, 'apps/cli/src', file));
    }
    write('package.json', '{ "type": "module" }');
    write('.swcrc', '{}');
    for (const folder of ['libs', 'migrations', 'apps/console/src']) mkdirSync(join(root, folder), { recursive: true });
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  function outcome(...words: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  it.each([
    ['npm start', ['apps/cli/src/preflight.mjs', 'start']],
    ['npm run crm', ['apps/cli/src/preflight.mjs', 'token']],
    ['npm run build', ['apps/cli/src/build.mjs']],
    ['npm run generate', ['apps/cli/src/generate.mjs']],
  ])('is named in one line by %s, though it was built before', (_, words) => {
    write('dist/apps/cli/src/main.js', `import 'commander';`);
    const stderr = 'The libraries are not installed: run npm ci.\n';
    expect(outcome(...words)).toEqual({ status: 1, stdout: '', stderr });
  });

  it('is named in one line when a single library is missing', () => {
    write('node_modules/@nestjs/core/package.json', '{}');
    write('node_modules/@swc/cli/package.json', '{ "type": "commonjs" }');
    write('node_modules/@swc/cli/bin/swc.js', COMPILER);
    write('node_modules/esbuild/index.js', 'exports.buildSync = () => undefined;');
    write('node_modules/esbuild/package.json', '{ "type": "commonjs", "main": "index.js" }');
    expect(outcome('apps/cli/src/preflight.mjs', 'token')).toMatchObject({ status: 1, stdout: '' });
    const stderr = 'The library brand-new-library is not installed: run npm ci.\n';
    expect(outcome('apps/cli/src/preflight.mjs', 'token')).toEqual({ status: 1, stdout: '', stderr });
  });
});
