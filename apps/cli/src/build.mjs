// Plain JavaScript, since it runs before anything is built: `node apps/cli/src/build.mjs` builds dist.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = ['apps', 'libs', 'migrations'];
const SETTINGS = ['.swcrc', 'package.json'];
const STAMP = 'dist/.stamp';

/**
 * Builds dist with swc unless it was built from exactly these sources.
 *
 * @param {string} root folder of the checkout
 * @throws {Error} with one line for a person
 */
export function ensureBuilt(root) {
  const stamp = fingerprint(root);
  const stampFile = join(root, STAMP);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
  if (!existsSync(swc)) throw new Error('The libraries are not installed: run npm ci.');
  build(root, swc, stamp);
}

/** Name, size and time of every source: one changed, added or deleted file makes another one. */
function fingerprint(root) {
  const hash = createHash('sha256');
  const files = SOURCES.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
      .map((name) => join(folder, name)),
  );
  for (const file of [...SETTINGS, ...files.sort()]) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Built beside dist and then put in its place: a program that runs from dist never misses a file of it for long. */
function build(root, swc, stamp) {
  const fresh = join(root, `dist-${process.pid}`);
  const args = [swc, ...SOURCES, '-d', fresh, '--config-file', '.swcrc', '--quiet'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error('The build failed: see above.');
  }
  writeFileSync(join(fresh, '.stamp'), stamp);
  const dist = join(root, 'dist');
  const old = `${fresh}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) ensureBuilt(resolve('.'));
