/**
 * `npm run check`: the house's checks, as many at a time as there are cores, one line each, then what failed.
 * Exits 1 when any failed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const cache = 'node_modules/.cache';

/** The longest first, so that they don't end alone. */
const CHECKS = {
  lint: ['eslint/bin/eslint.js', '-c', '.eslint.config.mjs', '--cache', '--cache-location', `${cache}/eslint/`, '.'],
  architecture: ['jest/bin/jest.js', '-c', '.jest.config.cjs', '--selectProjects', 'architecture', '--runInBand'],
  types: ['typescript/bin/tsc', '--incremental', '--tsBuildInfoFile', `${cache}/typescript/tsconfig.tsbuildinfo`],
  console: ['typescript/bin/tsc', '-p', 'apps/console/tsconfig.json'],
  unused: ['knip/bin/knip.js', '-c', '.knip.json', '-t', '.tsconfig.knip.json', '--no-progress'],
  imports: [
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ...['--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'migrations', 'test'],
  ],
  format: ['prettier/bin/prettier.cjs', '--check', '.', '--cache', '--cache-location', `${cache}/prettier/format`],
};

/** @returns {Promise<{ passed: boolean, seconds: number, output: string }>} */
function run([script, ...args]) {
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ passed: code === 0, seconds: (performance.now() - began) / 1000, output: output.trim() });
    });
  });
}

if (!existsSync(join(root, 'node_modules/typescript'))) {
  console.error('The libraries are not installed: run npm ci.');
  process.exit(1);
}

const waiting = Object.entries(CHECKS);
const failures = [];

async function workOff() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, command] = next;
    const { passed, seconds, output } = await run(command);
    console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)}  ${seconds.toFixed(1).padStart(5)} s`);
    if (!passed) failures.push(`\n--- ${name}\n${output}`);
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, workOff));
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s in all`);
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exitCode = 1;
}
