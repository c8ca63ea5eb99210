/** Workloads without HTTP requests, by name. */
import { runDrain } from './drain.mjs';
import { runEventLatency } from './event-latency.mjs';
import { runIdle } from './idle.mjs';
import { runJobs } from './jobs.mjs';
import { runSse } from './sse.mjs';
import { runStart } from './start.mjs';

/** @type {Record<string, (environment, options: { deals: number, quick: boolean }, report: (result) => void) => Promise<void>>} */
export const OTHER_WORKLOADS = {
  'event-latency': runEventLatency,
  drain: runDrain,
  sse: runSse,
  jobs: runJobs,
  idle: runIdle,
  start: runStart,
};
