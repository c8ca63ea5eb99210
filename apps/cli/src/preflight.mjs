#!/usr/bin/env node
// Runs `npx crm` and `npm start`: plain JavaScript that any Node reads, so that a missing part is reported in one line.
import { existsSync } from 'node:fs';
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);

try {
  if (!isSupported()) {
    throw new Error(
      `Node ${process.versions.node} is not supported: install Node 24.11 (LTS) or newer, or the latest 22 or 20.`,
    );
  }
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { ensureBuilt } = await import('./build.mjs');
  const start = performance.now();
  const built = ensureBuilt();
  // `npm start` prints it with its other steps.
  performance.measure('build', { start, detail: built ? 'compiled' : 'up to date' });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
// Node 22 and newer load faster what they compiled before. The folder is the one of the processes that `start` runs.
if (process.argv[2] === 'start') module.enableCompileCache?.('.data/compile-cache');
try {
  await import('../../../dist/apps/cli/src/main.js');
} catch (error) {
  const missing = error.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find package '([^']+)'/.exec(error.message)?.[1];
  if (!missing) throw error;
  console.error(`The library ${missing} is not installed: run npm ci.`);
  process.exit(1);
}

/** The range of `engines` in package.json, required by the dependencies. */
function isSupported() {
  const oldestMinor = { 20: 19, 22: 13, 24: 11 };
  return major > 24 || minor >= (oldestMinor[major] ?? Infinity);
}
