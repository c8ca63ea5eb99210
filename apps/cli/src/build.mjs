// Plain JavaScript, since it runs before anything is built; `node apps/cli/src/build.mjs` is `npm run build`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.stamp');
const SWC = join(ROOT, 'node_modules/@swc/cli/bin/swc.js');
const SOURCES = ['apps', 'libs', 'migrations'];
const SETTINGS = ['.swcrc', 'package.json'];
/** The console: bundled for browsers, so not built by swc. */
const CONSOLE = 'apps/console/src';

/**
 * Builds dist with swc unless it was built from exactly these sources.
 *
 * @returns {boolean} whether it was built now
 * @throws {Error} with one line for a person
 */
export function ensureBuilt() {
  requireLibraries();
  const stamp = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return false;
  if (!existsSync(SWC)) throw new Error('The build tools are not installed: run npm ci.');
  console.error('Building, once after each change …');
  build(stamp);
  return true;
}

/**
 * @throws {Error} with one line for a person
 */
export function requireLibraries() {
  if (!existsSync(join(ROOT, 'node_modules/@nestjs/core')))
    throw new Error('The libraries are not installed: run npm ci.');
}

/**
 * @throws {Error} with one line for a person
 */
export function requireBuild() {
  if (!existsSync(STAMP)) throw new Error('The service is not built: run npm run build.');
}

/** Name, size and time of every source: one changed, added or deleted file makes another one. */
function fingerprint() {
  const sources = SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
  );
  const built = sources.filter((name) => isTaken(name) || isCompiled(name)).sort();
  const hash = createHash('sha256');
  for (const file of [...SETTINGS, ...built]) {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Files that are read at run time, copied unchanged. */
function isTaken(name) {
  return /\.(json|html|svg)$/.test(name) && !name.endsWith('tsconfig.json');
}

function isCompiled(name) {
  return /\.(tsx?|css)$/.test(name) && !name.endsWith('spec.ts');
}

/** Builds beside dist and then replaces it, so that a running program never sees a half-built dist. */
function build(stamp) {
  const fresh = join(ROOT, `dist-${process.pid}`);
  const args = [SWC, ...SOURCES, '-d', fresh, '--config-file', '.swcrc', '--quiet'];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0 || !bundleConsole(fresh)) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error('The build failed: see above.');
  }
  for (const folder of SOURCES) {
    const filter = (name) => statSync(name).isDirectory() || isTaken(name);
    cpSync(join(ROOT, folder), join(fresh, folder), { recursive: true, filter });
  }
  writeFileSync(join(fresh, '.stamp'), stamp);
  putInPlace(fresh);
}

/** Bundles one script and one style sheet. Returns false after printing the reason of a failure. */
function bundleConsole(fresh) {
  const require = createRequire(import.meta.url);
  const { buildSync } = require('esbuild');
  const from = (name) => join(ROOT, CONSOLE, name);
  try {
    buildSync({
      entryPoints: [from('main.tsx'), from('console.css')],
      outdir: join(fresh, CONSOLE),
      jsx: 'automatic',
      jsxImportSource: 'preact',
      tsconfigRaw: '{}', // the file is for the check alone, and images are built without it
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      logLevel: 'warning',
    });
    return true;
  } catch {
    return false;
  }
}

function putInPlace(fresh) {
  const old = `${fresh}-old`;
  for (;;) {
    try {
      if (existsSync(DIST)) renameSync(DIST, old);
      renameSync(fresh, DIST);
      return;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code)) throw error; // these: another build came in between
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    ensureBuilt();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
