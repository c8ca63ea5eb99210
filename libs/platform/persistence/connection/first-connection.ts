import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#platform/observability';
import { DatabaseClient, databaseOptions } from './connection.js';
import { isUnavailable } from './database-errors.js';

/** Long enough for an overloaded server; a connection that a frozen server accepted is then replaced by another one. */
const ATTEMPT_TIMEOUT_MS = 10_000;
const PAUSE_MS = 500;
const LOG_EVERY_MS = 5_000;
const NO_TIMEOUT_MS = 0;

/**
 * Waits at the start of a process until PostgreSQL accepts a connection, and logs the server every five seconds.
 * @throws Error at once when waiting cannot help (login, database, host name), else after `withinMs`.
 */
export async function waitForPostgres(url: string, withinMs: number, log: Log): Promise<void> {
  const server = `PostgreSQL at ${new URL(url).host}`;
  const startedAt = performance.now();
  const waitedMs = (): number => Math.round(performance.now() - startedAt);
  let reason: unknown;
  const lines = setInterval(() => {
    log.warn({ err: reason, waited_ms: waitedMs(), within_ms: withinMs }, `waiting for ${server}`);
  }, LOG_EVERY_MS);
  try {
    for (;;) {
      try {
        return await connectOnce(url, Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, withinMs - waitedMs())));
      } catch (error) {
        if (!isTemporary(error)) throw error;
        reason = error;
      }
      if (waitedMs() + PAUSE_MS >= withinMs) throw noConnection(server, waitedMs(), reason);
      await delay(PAUSE_MS);
    }
  } finally {
    clearInterval(lines);
  }
}

async function connectOnce(url: string, timeoutMs: number): Promise<void> {
  const client = new DatabaseClient({
    ...databaseOptions(url, 'crm-start', NO_TIMEOUT_MS),
    connectionTimeoutMillis: timeoutMs,
  });
  try {
    await client.connect();
  } finally {
    // Not awaited: a server that does not answer does not close the connection either.
    void client.end().catch(() => undefined);
  }
}

/** A host name that does not exist is a wrong setting; every other failure to reach the server may pass. */
function isTemporary(error: unknown): boolean {
  return isUnavailable(error) && (error as NodeJS.ErrnoException).code !== 'ENOTFOUND';
}

function noConnection(server: string, waitedMs: number, cause: unknown): Error {
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  const reasons = causes.map((error) => (error as Error).message).join('; ');
  return new Error(`${server} accepted no connection within ${Math.ceil(waitedMs / 1000)} s: ${reasons}`, { cause });
}
