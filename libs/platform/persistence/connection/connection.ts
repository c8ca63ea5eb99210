import type { ClientConfig } from 'pg';
import pg from 'pg';

const TIMESTAMPTZ = 1184;
const DATE = 1082;
/** How a session in UTC ends its instants. */
const UTC = '+00';

const KEEPALIVE_IDLE_MS = 10_000;
/**
 * A host that vanished silently retains its advisory locks until PostgreSQL notices: by the system's defaults in
 * two hours, by these in 25 seconds.
 */
const KEEPALIVES = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/** `2026-11-23 07:22:58.1+00` → `2026-11-23T07:22:58.100Z`; needs the session's time zone to be UTC. */
function instantOf(text: string): string {
  const day = text.indexOf(' ');
  const time = text.slice(day + 1, -UTC.length);
  const fraction = time.indexOf('.');
  const padded = fraction === -1 ? `${time}.000` : time.padEnd(fraction + 4, '0');
  return `${text.slice(0, day)}T${padded}Z`;
}

/**
 * How PostgreSQL's values reach us: instants and dates as text in the form the API shows,
 * bigint and numeric as text, everything else as node-postgres reads it.
 */
const types: ClientConfig['types'] = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): ((value: string) => unknown) => {
    if (oid === TIMESTAMPTZ) return instantOf;
    if (oid === DATE) return (text) => text;
    return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
  },
};

/**
 * Connection settings shared by the pool, listeners and leaders.
 * @param url `postgresql://…`; its `search_path` parameter is dropped, since node-postgres ignores it and
 *   every statement names the schema. Its `options` stay, behind which ours come and win.
 */
export function databaseOptions(url: string, applicationName: string, statementTimeoutMs: number): ClientConfig {
  const parsed = new URL(url);
  const given = parsed.searchParams.get('options') ?? '';
  // Parameters of the URL would replace the options below.
  for (const name of ['search_path', 'options']) parsed.searchParams.delete(name);
  return {
    connectionString: parsed.toString(),
    application_name: applicationName,
    // A pinned path keeps a database user named like a schema from moving our tables.
    options: `${given} -c TimeZone=UTC -c search_path=crm,public -c statement_timeout=${statementTimeoutMs} ${KEEPALIVES}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
    types,
  };
}

/**
 * A connection whose end fails its queries, and never the process: between the pool and its caller it has no listener
 * of `error` yet, and an `error` event without a listener would end the process.
 */
export class DatabaseClient extends pg.Client {
  constructor(config?: ClientConfig | string) {
    super(config);
    this.on('error', () => undefined);
  }
}
