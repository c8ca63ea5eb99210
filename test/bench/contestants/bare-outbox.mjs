/**
 * The yardstick of event latency: a table, one INSERT with its NOTIFY for each event, and the relay of
 * children/outbox-relay.mjs. A commit is its answer.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** No subscriber of the service is bound to it. */
const KEY = 'bench.outbox';
/** As large as the body of most events of the service. */
const BODY = JSON.stringify({ text: 'x'.repeat(1_000) });

const INSERT = {
  name: 'insert',
  text: `WITH inserted AS (INSERT INTO bench_outbox (key, trace, body) VALUES ($1, $2, $3) RETURNING id)
         SELECT pg_notify('bench_outbox', '') FROM inserted`,
};

export class BareOutbox {
  eventsPerRequest = 1;

  constructor(pool) {
    this.pool = pool;
  }

  static async create(url) {
    const pool = new pg.Pool({ connectionString: url, max: 10, idleTimeoutMillis: 0 });
    await pool.query(`
      DROP TABLE IF EXISTS public.bench_outbox;
      CREATE TABLE public.bench_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, trace text NOT NULL, body jsonb NOT NULL
      )`);
    return new BareOutbox(pool);
  }

  /** Inserts an event. @param {Map<string, object>} sent takes its times by trace id */
  async send(_n, sent) {
    const trace = randomBytes(16).toString('hex');
    const times = { sentAt: process.hrtime.bigint(), answeredAt: 0n };
    sent.set(trace, times);
    await this.pool.query({ ...INSERT, values: [KEY, `00-${trace}-${randomBytes(8).toString('hex')}-01`, BODY] });
    times.answeredAt = process.hrtime.bigint();
  }

  async drop() {
    await this.pool.query('DROP TABLE public.bench_outbox');
    await this.pool.end();
  }
}
