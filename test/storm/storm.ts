import { Faults } from './faults/faults.js';
import { CLAIMS, Site } from './faults/site.js';
import { auditStorm } from './audit/audit-storm.js';
import type { Findings } from './audit/findings.js';
import { Load } from './load/load.js';
import { planOf, type StormOptions } from './plan.js';
import { reportOf } from './report.js';

const PROGRESS_MS = 30_000;

/** Result of a storm. */
export interface StormResult {
  readonly findings: Findings;
  /** The report in Markdown. */
  readonly report: string;
}

/** Runs writes under faults, waits until the service has no work left, and audits it. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const plan = planOf(options);
  const began = Date.now();
  const log = (text: string): void => {
    process.stdout.write(`storm | ${String(Math.round((Date.now() - began) / 1_000)).padStart(4)} s | ${text}\n`);
  };
  log(`seed ${options.seed}, ${plan.length} faults in ${options.minutes} minutes`);
  const site = await Site.start();
  try {
    const settings = { urls: site.apiUrls, seed: options.seed, perSecond: options.rate, claims: CLAIMS };
    const load = await Load.begin(settings);
    const progress = setInterval(() => {
      log(`${load.ledger.acknowledged} writes acknowledged, ${load.ledger.count('unclear')} unclear`);
    }, PROGRESS_MS);
    const faults = new Faults(site, log);
    const startedAt = performance.now();
    try {
      await Promise.all([faults.run(plan), new Promise((resolve) => setTimeout(resolve, options.minutes * 60_000))]);
      await site.recover();
    } finally {
      await load.end();
      clearInterval(progress);
    }
    const loadSeconds = (performance.now() - startedAt) / 1_000;
    log(`the load ended after ${load.ledger.acknowledged} acknowledged writes, auditing`);
    const findings = await auditStorm(site, load);
    const settledSeconds = (performance.now() - startedAt) / 1_000 - loadSeconds;
    const figures = { options, loadSeconds, settledSeconds, faults: faults.done };
    return { findings, report: reportOf(figures, load, site, findings) };
  } finally {
    await site.discard();
  }
}

/** Promises that were broken, with examples. */
export function brokenPromises(findings: Findings): string[] {
  return Object.entries(findings).flatMap(([promise, found]) =>
    found.length === 0 ? [] : [`${promise}: ${found.length}, such as ${found.slice(0, 5).join('; ')}`],
  );
}
