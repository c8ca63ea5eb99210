import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpSettings } from '#platform/config';
import { SEQUENCER_LEASE } from '#platform/messaging';
import { LEASE_IS_HELD, type Statement } from '#platform/persistence';
import { type Check, failed, type Finding, ok, skipped } from './check.js';

const ANSWER_TIMEOUT_MS = 5_000;
/** A standby worker takes over within this time when the leader stops. */
const TAKEOVER_MS = 3_000;
const POLL_MS = 250;

/**
 * Which installation is examined. `configured`: by CRM_DATABASE_URL, or NODE_ENV is production. `started` and `stopped`:
 * that of `npm start`, running or not.
 */
export type Installation = 'configured' | 'started' | 'stopped';

/**
 * Checks of the API, which answers on its port, and of the worker, which leads by its lease. The API of a configured
 * installation may run on another machine, so only its wrong answer is a failure. A worker must lead wherever it runs.
 */
export function processChecks(
  installation: Installation,
  http: HttpSettings,
  query: (statement: Statement, values: readonly unknown[]) => Promise<readonly unknown[]>,
): readonly Check[] {
  const unlessStopped = (run: () => Promise<Finding>) => (): Promise<Finding> =>
    installation === 'stopped' ? Promise.resolve(skipped('npm start does not run')) : run();
  return [
    {
      name: 'API',
      run: unlessStopped(() => api(http, installation)),
      remedy: 'Correct CRM_HOST and CRM_PORT.',
    },
    {
      name: 'worker',
      run: unlessStopped(() => worker(query)),
      remedy: 'Repair PostgreSQL and the schema first.',
    },
  ];
}

async function api({ host, port }: HttpSettings, installation: Installation): Promise<Finding> {
  if (port === 0) return skipped('CRM_PORT is 0: its port is not known');
  const base = `http://${addressOf(host)}:${port}`;
  const answer = await fetch(`${base}/health/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(
    () => undefined,
  );
  if (answer?.ok) return ok(`ready at ${base}`);
  if (answer) {
    return failed(`${base}/health/ready answers ${answer.status}`, 'The answer and its log name what is not ready.');
  }
  if (installation === 'started') return failed(`it does not answer at ${base}`, 'Restart npm start.');
  return skipped(`it does not answer at ${base}: it runs on another machine, or not at all`);
}

/** Where a process on this machine reaches what listens on `host`. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function worker(query: (statement: Statement, values: readonly unknown[]) => Promise<readonly unknown[]>) {
  for (const deadline = Date.now() + TAKEOVER_MS; ; await sleep(POLL_MS)) {
    if ((await query(LEASE_IS_HELD, [SEQUENCER_LEASE])).length > 0) return ok('one leads, by a valid lease');
    if (Date.now() > deadline) {
      return failed('none leads: events get no position and are not published', 'Start a worker, or read its log.');
    }
  }
}
