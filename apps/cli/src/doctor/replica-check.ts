import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DatabaseSettings } from '#platform/config';
import { databaseOptions, PRIMARY_LSN, REPLICA_LSN } from '#platform/persistence';
import { type Check, failed, type Finding, ok } from './check.js';

const CONNECT_TIMEOUT_MS = 5_000;
const POLL_MS = 50;

/** Checks that the standby of `CRM_DATABASE_REPLICA_URL` is one, and replays the primary's WAL within the limit; none without it. */
export function replicaChecks(
  settings: DatabaseSettings | undefined,
  primary: () => Promise<pg.Client>,
): readonly Check[] {
  if (settings?.replicaUrl === undefined) return [];
  const { replicaUrl, replicaMaxLagMs } = settings;
  return [
    {
      name: 'replica',
      run: () => lag(primary, replicaUrl, replicaMaxLagMs),
      remedy: 'Start it, or correct CRM_DATABASE_REPLICA_URL. Meanwhile the primary answers all reads.',
    },
  ];
}

async function lag(primary: () => Promise<pg.Client>, url: string, maxLagMs: number): Promise<Finding> {
  const client = new pg.Client({
    ...databaseOptions(url, 'crm-doctor', CONNECT_TIMEOUT_MS),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await (await primary()).query<{ flushedLsn: string }>(PRIMARY_LSN);
    const readAt = performance.now();
    const wanted = BigInt(rows[0]!.flushedLsn);
    for (;;) {
      const found = await client.query<{ isReplica: boolean; replayedLsn: string | null }>(REPLICA_LSN);
      const { isReplica, replayedLsn } = found.rows[0]!;
      if (!isReplica || replayedLsn === null) {
        return failed('the server is not a standby', 'Name a streaming standby in CRM_DATABASE_REPLICA_URL.');
      }
      const behind = wanted - BigInt(replayedLsn);
      const waitedMs = Math.round(performance.now() - readAt);
      if (behind <= 0n) return ok(`at the primary's LSN after ${waitedMs} ms`);
      if (waitedMs > maxLagMs) {
        const fact = `${behind} bytes of WAL behind for more than ${maxLagMs} ms`;
        return failed(fact, 'See pg_stat_replication on the primary. Meanwhile the primary answers all reads.');
      }
      await sleep(POLL_MS);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}
