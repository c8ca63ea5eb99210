/**
 * The storm: `npm run storm -- [--seed N] [--minutes N] [--faults N] [--rate N] [--only KIND,KIND]`, see
 * docs/reliability.md. Exits 1 when a promise was broken.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../../apps/cli/src/build.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

const USAGE = 'npm run storm -- [--seed N] [--minutes N] [--faults N] [--rate N] [--only KIND,KIND]';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '16' },
    faults: { type: 'string', default: '78' },
    rate: { type: 'string', default: '180' },
    only: { type: 'string' },
  },
});
if (values.help) {
  console.log(`${USAGE}\nSee docs/reliability.md.`);
  process.exit(0);
}
const options = {
  seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
  minutes: Number(values.minutes),
  faults: Number(values.faults),
  rate: Number(values.rate),
  only: values.only?.split(','),
};
const wrong = Object.entries(options).filter(([, value]) => Number.isNaN(value) || value <= 0);
if (wrong.length > 0) throw new Error(`${wrong.map(([name]) => name).join(', ')}: give a positive number`);

ensureBuilt();
const suite = ['--selectProjects', 'slow', '--testPathPatterns', 'test/storm/', '--runInBand', '--forceExit'];
const args = ['-c', '.jest.config.cjs', ...suite];
const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], {
  cwd: ROOT,
  stdio: 'inherit',
  // The storm starts servers of its own: jest's global setup starts none when this is set.
  env: { ...process.env, CRM_STORM: JSON.stringify(options), CRM_TEST_DATABASE_URL: 'unused' },
});
process.exitCode = status ?? 1;
