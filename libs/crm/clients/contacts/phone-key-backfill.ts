import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ClientSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { ADVISORY_LOCKS, Database } from '#platform/persistence';
import type { CountryCode } from 'libphonenumber-js';
import type pg from 'pg';
import { PHONE_KEY_VERSION, phoneKey } from './contact-keys.js';

const COLUMN = 'clients.phone_key';
/** Rows one statement updates: short locks. */
const BATCH = 1_000;
const RETRY_MS = 30_000;
/** The lock is free again soon after a short run, and at once when its process is stopped. */
const LOCKED_RETRY_MS = 1_000;

/** Clients stored up to an hour before are read again, so that clocks may differ. */
const BEGIN = `SELECT now()::text AS started_at, coalesce((SELECT completed_at - interval '1 hour' FROM crm.derived_columns
  WHERE name = $1 AND rule = $2), '-infinity')::text AS since, pg_try_advisory_lock($3) AS won`;
const RECORD = `INSERT INTO crm.derived_columns (name, rule, completed_at) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET rule = excluded.rule, completed_at = excluded.completed_at`;
const READ = `SELECT id, phone, phone_key FROM crm.clients
  WHERE id > $1::uuid AND updated_at >= $2::timestamptz AND phone IS NOT NULL ORDER BY id LIMIT ${BATCH}`;
/** A phone that changed meanwhile has its new key already. */
const UPDATE = `UPDATE crm.clients c SET phone_key = k.key
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k (id, phone, key) WHERE c.id = k.id AND c.phone = k.phone`;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

interface Run {
  readonly won: boolean;
  readonly since: string;
  readonly started_at: string;
}

interface PhoneRow {
  readonly id: string;
  readonly phone: string;
  readonly phone_key: string | null;
}

/**
 * Recomputes the phone keys at the start of a worker: see {@link backfillPhoneKeys}. Retries until a run of this process is
 * recorded, because a process with the lock may be stopped before it records its run.
 */
@Injectable()
export class PhoneKeyBackfill implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly settings: ClientSettings,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.current = this.attempt();
  }

  /** Resolves when the batch in progress is done. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.current;
  }

  private async attempt(): Promise<void> {
    try {
      const changed = await this.run();
      if (changed === undefined) return this.retryAfter(LOCKED_RETRY_MS);
      if (changed > 0) this.log.info({ changed, region: this.settings.phoneRegion }, 'phone keys recomputed');
    } catch (error) {
      this.log.warn({ err: error }, 'phone keys not recomputed, trying again');
      this.retryAfter(RETRY_MS);
    }
  }

  private retryAfter(ms: number): void {
    if (!this.stopping.signal.aborted) this.timer = setTimeout(() => this.onApplicationBootstrap(), ms);
  }

  private async run(): Promise<number | undefined> {
    const client = await this.database.connect('crm-phone-keys');
    try {
      return await backfillPhoneKeys(client, this.settings.phoneRegion, this.stopping.signal);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/**
 * Recomputes the phone keys of all clients when their rule has changed, else of those stored since the last run: a
 * process of the previous release may still have written some. A run that failed or was aborted is repeated as a whole.
 * @param client a connection of its own: it locks against a second run.
 * @returns how many keys changed; undefined while another process recomputes them.
 */
export async function backfillPhoneKeys(
  client: pg.ClientBase,
  region: CountryCode,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const rule = `${PHONE_KEY_VERSION} ${region}`;
  const { rows } = await client.query<Run>(BEGIN, [COLUMN, rule, ADVISORY_LOCKS.phoneKeys]);
  const { won, since, started_at: startedAt } = rows[0]!;
  if (!won) return undefined;
  const changed = await recompute(client, region, since, signal);
  if (!signal?.aborted) await client.query(RECORD, [COLUMN, rule, startedAt]);
  await client.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS.phoneKeys]);
  return changed;
}

async function recompute(
  client: pg.ClientBase,
  region: CountryCode,
  since: string,
  signal?: AbortSignal,
): Promise<number> {
  let changed = 0;
  for (let after = BEFORE_ALL; !signal?.aborted;) {
    const { rows } = await client.query<PhoneRow>(READ, [after, since]);
    const stale = rows
      .map(({ id, phone, phone_key: before }) => ({ id, phone, before, key: phoneKey(phone, region) }))
      .filter(({ before, key }) => key !== before);
    const columns = [stale.map(({ id }) => id), stale.map(({ phone }) => phone), stale.map(({ key }) => key)];
    if (stale.length > 0) await client.query(UPDATE, columns);
    changed += stale.length;
    if (rows.length < BATCH) break;
    after = rows.at(-1)!.id;
  }
  return changed;
}
