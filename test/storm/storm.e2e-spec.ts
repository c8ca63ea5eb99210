import { lastOutputOfAll } from '../support/programs/processes.js';
import { FAULT_KINDS, planOf, type StormOptions } from './plan.js';
import { brokenPromises, runStorm } from './storm.js';

/** Short enough for `npm run test:slow`; CRM_STORM, which `npm run storm` sets, names other options. */
const SHORT: StormOptions = { seed: 15, minutes: 1.25, faults: 9, rate: 150 };
const SETTLES_WITHIN_MS = 3_600_000;

const options = process.env.CRM_STORM ? (JSON.parse(process.env.CRM_STORM) as StormOptions) : SHORT;

describe('a storm of faults under writes of every kind', () => {
  it('has the same plan for the same seed, with every kind of fault once there are enough', () => {
    const long = { ...SHORT, faults: 60, minutes: 15 };
    expect(planOf(long)).toEqual(planOf(long));
    expect(planOf({ ...long, seed: 16 })).not.toEqual(planOf(long));
    expect(new Set(planOf(long).map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  });

  it(
    'ends without a lost, duplicated or reordered event; an outage is answered only with 503 and Retry-After',
    async () => {
      const { findings, report } = await runStorm(options).catch((error: unknown) => {
        process.stderr.write(lastOutputOfAll());
        throw error;
      });
      process.stdout.write(`\n${report}\n\n`);
      expect(brokenPromises(findings)).toEqual([]);
    },
    options.minutes * 60_000 + SETTLES_WITHIN_MS,
  );
});
