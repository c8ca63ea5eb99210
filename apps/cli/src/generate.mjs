// Entry point of `npm run generate`. Builds the generators alone, each time anew: their output needs no build for the
// next one, and they are not part of the product.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireLibraries } from './build.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(ROOT, 'dist-generators');
const SWC = join(ROOT, 'node_modules/@swc/cli/bin/swc.js');

try {
  requireLibraries();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
rmSync(BUILT, { recursive: true, force: true });
const args = [SWC, 'libs/schematics', '-d', BUILT, '--config-file', '.swcrc', '--copy-files', '--quiet'];
const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
if (status !== 0) process.exit(1);
await import(new URL('../../../dist-generators/libs/schematics/main.js', import.meta.url));
