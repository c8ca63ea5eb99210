import type pg from 'pg';

/** How long a lease lasts after it was acquired or renewed. */
const TERM_MS = 10_000;
/** A renewal may be up to 8 seconds late; one that fails ends the lease at once. */
const RENEW_EVERY_MS = 2_000;

/** Creates the row of a lease that no process has acquired yet. */
const REGISTER = {
  name: 'crm_lease_register',
  text: `INSERT INTO crm.leases (name) SELECT $1::text WHERE NOT EXISTS (SELECT FROM crm.leases WHERE name = $1::text)
         ON CONFLICT DO NOTHING`,
};

/**
 * A lease is free once it has expired, and at once when the session that acquired it has ended. PostgreSQL hides
 * `backend_start` of other roles' sessions: then the process id alone is compared. An expiry too far in the future
 * comes from a clock that was set back.
 */
const ACQUIRE = {
  name: 'crm_lease_acquire',
  text: `UPDATE crm.leases l SET token = l.token + 1, expires_at = clock_timestamp() + interval '${TERM_MS} ms',
           backend_pid = pg_backend_pid(),
           backend_started_at = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
         WHERE l.name = $1::text AND (
           l.expires_at <= clock_timestamp() OR l.expires_at > clock_timestamp() + interval '${2 * TERM_MS} ms'
           OR NOT EXISTS (SELECT FROM pg_stat_activity a
             WHERE a.pid = l.backend_pid AND coalesce(a.backend_start = l.backend_started_at, true)))
         RETURNING token`,
};

/** Commits asynchronously: a crash of PostgreSQL that loses a renewal also ends the session. */
const RENEW = {
  name: 'crm_lease_renew',
  text: `UPDATE crm.leases SET expires_at = clock_timestamp() + interval '${TERM_MS} ms'
         WHERE name = $1::text AND token = $2::bigint
           AND set_config('synchronous_commit', 'off', true) IS NOT NULL RETURNING 1`,
};

/** One row while a process has the lease `$1`: not expired, and its session is open. */
export const LEASE_IS_HELD = {
  text: `SELECT FROM crm.leases l WHERE l.name = $1::text AND l.expires_at > clock_timestamp()
           AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.backend_pid)`,
};

const RELEASE = {
  name: 'crm_lease_release',
  text: `UPDATE crm.leases SET expires_at = '-infinity' WHERE name = $1::text AND token = $2::bigint`,
};

/**
 * Lease that makes one process the leader of a task: a row of `crm.leases`, renewed while the process runs. Another process
 * acquires it after the holder has ended or is frozen. The fencing token grows with each holder, so statements that check
 * it change nothing for a former holder.
 */
export class Lease {
  private readonly lostController = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private isRenewing = false;

  private constructor(
    private readonly client: pg.Client,
    readonly name: string,
    /** Fencing token: greater than that of every earlier holder. */
    readonly token: string,
    private validUntil: number,
  ) {
    const lose = (): void => this.lostController.abort();
    client.on('error', lose);
    client.on('end', lose);
    this.timer = setInterval(() => void this.renew(), RENEW_EVERY_MS);
  }

  /**
   * Acquires the lease if it is free, and renews it over the same connection from then on.
   * @param client stays open until the lease is released.
   * @returns undefined while another process has it.
   */
  static async tryAcquire(client: pg.Client, name: string): Promise<Lease | undefined> {
    const requestedAt = performance.now();
    const { rows } = await client.query<{ token: string }>({ ...ACQUIRE, values: [name] });
    if (rows[0]) return new Lease(client, name, rows[0].token, requestedAt + TERM_MS);
    const registered = await client.query({ ...REGISTER, values: [name] });
    return registered.rowCount ? this.tryAcquire(client, name) : undefined;
  }

  /**
   * Runs `work` under the lease and releases it.
   * @param client ended afterwards.
   * @returns the result of `work`; `unavailable`, without a call of `work`, while another process has the lease.
   */
  static async runExclusive<T>(
    client: pg.Client,
    name: string,
    work: (lease: Lease) => Promise<T>,
    unavailable: T,
  ): Promise<T> {
    try {
      const lease = await this.tryAcquire(client, name);
      if (!lease) return unavailable;
      return await work(lease).finally(() => lease.release());
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Aborted when the lease expired, went to another process, or its connection broke. */
  get lost(): AbortSignal {
    return this.lostController.signal;
  }

  /**
   * Whether no other process can have the lease now, by this machine's monotonic clock. In a process that was frozen it
   * is false at once, before the next renewal fails.
   */
  get isCurrent(): boolean {
    if (performance.now() >= this.validUntil) this.lostController.abort();
    return !this.lost.aborted;
  }

  /** Lets another process acquire it at once. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    if (!this.lost.aborted) await this.client.query({ ...RELEASE, values: [this.name, this.token] });
    this.lostController.abort();
  }

  private async renew(): Promise<void> {
    if (this.lost.aborted) return clearInterval(this.timer);
    if (this.isRenewing || !this.isCurrent) return;
    this.isRenewing = true;
    const requestedAt = performance.now();
    try {
      const { rows } = await this.client.query({ ...RENEW, values: [this.name, this.token] });
      if (rows.length > 0) this.validUntil = requestedAt + TERM_MS;
      else this.lostController.abort();
    } catch {
      this.lostController.abort();
    } finally {
      this.isRenewing = false;
    }
  }
}
