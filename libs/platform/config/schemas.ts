import {
  addresses,
  flag,
  integer,
  networks,
  nodeUrls,
  oneOf,
  optionalText,
  origins,
  phoneRegion,
  secret,
  text,
  timeZone,
  url,
} from './fields.js';
import { Settings, type SettingsClass } from './settings.js';

/** What every process shares. */
export class RuntimeSettings extends Settings({
  environment: oneOf('NODE_ENV', ['development', 'test', 'production'], {
    fallback: 'development',
    doc: 'In production PostgreSQL, RabbitMQ, Redis and the JWT issuer and audience must be named.',
  }),
  timeZone: timeZone('CRM_TIMEZONE', {
    fallback: 'Europe/Moscow',
    doc: 'The zone whose midnight begins a business day.',
  }),
  logLevel: oneOf('CRM_LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
    fallback: 'info',
    doc: 'The least level that is written to the log.',
  }),
  startTimeoutMs: integer('CRM_START_TIMEOUT_MS', 1_000, 3_600_000, {
    fallback: '60000',
    doc: 'How long a starting API or worker waits for a PostgreSQL that does not accept connections yet, in milliseconds.',
  }),
  shutdownTimeoutMs: integer('CRM_SHUTDOWN_TIMEOUT_MS', 100, 120_000, {
    fallback: '20000',
    doc: 'How long a stopping process lets accepted requests and jobs finish, in milliseconds.',
  }),
}) {}

export class DatabaseSettings extends Settings({
  url: url('CRM_DATABASE_URL', ['postgresql:', 'postgres:'], {
    required: true,
    doc: 'PostgreSQL 15 or newer, e.g. postgresql://user:password@host:5432/crm; tables are in schema crm.',
  }),
  replicaUrl: url('CRM_DATABASE_REPLICA_URL', ['postgresql:', 'postgres:'], {
    doc: 'A streaming standby that answers lists, exports and reports; without it the primary answers them.',
  }),
  replicaMaxLagMs: integer('CRM_DATABASE_REPLICA_MAX_LAG_MS', 500, 600_000, {
    fallback: '5000',
    doc: 'Largest lag of the standby, in milliseconds; while it is further behind the primary answers.',
  }),
  runtimeRole: optionalText('CRM_DATABASE_RUNTIME_ROLE', {
    doc: 'Role that the API and the worker log in as when another role owns the tables; `migrate` grants it its rights.',
  }),
  poolSize: integer('CRM_DATABASE_POOL_SIZE', 2, 500, {
    fallback: '10',
    doc: 'Database connections of a process for requests; an API process opens 1 more (2 with a replica), a worker 4 more and one for each replay it runs.',
  }),
  acquireTimeoutMs: integer('CRM_DATABASE_ACQUIRE_TIMEOUT_MS', 10, 60_000, {
    fallback: '5000',
    doc: 'How long a request waits for a connection before it is answered 503, in milliseconds.',
  }),
  statementTimeoutMs: integer('CRM_DATABASE_STATEMENT_TIMEOUT_MS', 100, 600_000, {
    fallback: '15000',
    doc: 'How long one statement may run, in milliseconds.',
  }),
}) {}

export class BrokerSettings extends Settings({
  url: nodeUrls('CRM_RABBITMQ_URL', ['amqp:', 'amqps:'], {
    requiredInProduction: true,
    doc: 'RabbitMQ 3.10 or newer, the URLs of a cluster’s nodes with commas between; without it events are delivered in process to our own subscribers only.',
  }),
  exchange: text('CRM_EVENTS_EXCHANGE', { fallback: 'crm.events', doc: 'Durable topic exchange that events go to.' }),
  confirmTimeoutMs: integer('CRM_RABBITMQ_CONFIRM_TIMEOUT_MS', 100, 60_000, {
    fallback: '5000',
    doc: 'How long the broker may take to confirm an event before the channel is made anew, in milliseconds.',
  }),
  rpcTimeoutMs: integer('CRM_RPC_TIMEOUT_MS', 100, 60_000, {
    fallback: '5000',
    doc: 'How long an RPC request may take before it is answered `timeout`, in milliseconds.',
  }),
  rpcConcurrency: integer('CRM_RPC_CONCURRENCY', 1, 1_000, {
    fallback: '20',
    doc: 'RPC requests one API process has in hand at a time; more wait in the queue.',
  }),
}) {}

export class RedisSettings extends Settings({
  host: optionalText('REDIS_HOST', {
    requiredInProduction: true,
    alternative: 'REDIS_SENTINELS',
    doc: 'Redis for Bull queues (maxmemory-policy noeviction); without it they live in PostgreSQL.',
  }),
  port: integer('REDIS_PORT', 1, 65_535, { fallback: '6379', doc: 'Port of Redis.' }),
  db: integer('REDIS_DB', 0, 1_000, {
    fallback: '0',
    doc: 'Logical database of Redis; installations that share one would take each other’s jobs.',
  }),
  password: optionalText('REDIS_PASSWORD', { doc: 'Password of Redis, when it has one.' }),
  sentinels: addresses('REDIS_SENTINELS', {
    doc: 'Addresses of Redis Sentinels, e.g. 10.0.0.1:26379, with commas between, which name the master; REDIS_HOST and REDIS_PORT are then not used.',
  }),
  sentinelName: text('REDIS_SENTINEL_NAME', {
    fallback: 'mymaster',
    doc: 'Name of the master that the Sentinels watch.',
  }),
  sentinelPassword: optionalText('REDIS_SENTINEL_PASSWORD', { doc: 'Password of the Sentinels, when they have one.' }),
}) {
  /** Connection options in the names of ioredis; undefined without Redis. */
  get endpoint(): RedisEndpoint | undefined {
    const { host, port, db, password, sentinels, sentinelName, sentinelPassword } = this;
    const login = { db, ...(password !== undefined && { password }) };
    if (!sentinels) return host === undefined ? undefined : { host, port, ...login };
    const ofSentinels = sentinelPassword === undefined ? {} : { sentinelPassword };
    return { sentinels: [...sentinels], name: sentinelName, ...ofSentinels, ...login };
  }

  /** Address for messages; without secrets. */
  get address(): string {
    if (!this.sentinels) return `${this.host}:${this.port}`;
    return `the master ${this.sentinelName} of the Sentinels ${this.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  }
}

/** One Redis, or the master that Sentinels name. */
export type RedisEndpoint = { readonly db: number; readonly password?: string } & (
  | { readonly host: string; readonly port: number }
  | { readonly sentinels: { host: string; port: number }[]; readonly name: string; readonly sentinelPassword?: string }
);

export class HttpSettings extends Settings({
  host: text('CRM_HOST', {
    fallback: '127.0.0.1',
    doc: 'Address the API and the worker listen on; 0.0.0.0 accepts requests from other machines.',
  }),
  port: integer('CRM_PORT', 0, 65_535, { fallback: '8082', doc: 'Port the API listens on.' }),
  publicUrl: url('CRM_PUBLIC_URL', ['http:', 'https:'], {
    fallback: 'http://localhost:8082',
    doc: 'Where others reach this service: the base of schema URIs in events and documents.',
  }),
  bodyLimitBytes: integer('CRM_BODY_LIMIT_BYTES', 1_024, 100_000_000, {
    fallback: '1048576',
    doc: 'Largest JSON body taken, in bytes; more is answered 413.',
  }),
  trustedProxies: networks('CRM_TRUSTED_PROXIES', {
    doc: 'Addresses or networks of reverse proxies, with commas between, whose X-Forwarded-For, -Host and -Proto are trusted.',
  }),
  requestsPerMinute: integer('CRM_REQUESTS_PER_MINUTE', 0, 1_000_000_000, {
    fallback: '12000',
    doc: 'Requests one user, or one address without a valid token, may send within a minute; more are answered 429. 0: no limit.',
  }),
  requireIfMatch: flag('CRM_REQUIRE_IF_MATCH', {
    fallback: 'false',
    doc: 'Whether a change without If-Match is refused with 428.',
  }),
}) {}

export class AuthSettings extends Settings({
  accessSecret: secret('CRM_JWT_ACCESS_SECRET', 32, { doc: 'HS256 secret of access tokens, at least 32 characters.' }),
  publicKey: optionalText('CRM_JWT_PUBLIC_KEY', {
    doc: 'PEM public key for RS256 (RSA) or ES256 (P-256) tokens; line breaks may be written as \\n.',
  }),
  jwksUrl: url('CRM_JWT_JWKS_URL', ['http:', 'https:'], { doc: 'JSON Web Key Set for RS256 or ES256 tokens.' }),
  issuer: optionalText('CRM_JWT_ISSUER', {
    requiredInProduction: true,
    doc: 'The only `iss` accepted; any when unset.',
  }),
  audience: optionalText('CRM_JWT_AUDIENCE', {
    requiredInProduction: true,
    doc: 'The `aud` a token must name; any when unset.',
  }),
  allowedOrigins: origins('CRM_ALLOWED_ORIGINS', {
    doc: 'Origins, with commas between, whose pages may send changes with the cookie crm_access_token, beside the service’s own host.',
  }),
}) {}

export class ClientSettings extends Settings({
  phoneRegion: phoneRegion('CRM_PHONE_REGION', {
    fallback: 'RU',
    doc: 'Country (ISO 3166-1) of telephone numbers without a country code; after a change the stored keys are computed again.',
  }),
  taxIdCountry: oneOf('CRM_TAX_ID_COUNTRY', ['RU', 'none'], {
    fallback: 'RU',
    doc: 'RU checks the control digits of tax ids of 10 or 12 digits (ИНН); none takes every tax id as given.',
  }),
}) {}

export class TransferSettings extends Settings({
  importBytes: integer('CRM_IMPORT_BYTES', 1_024, 10_000_000_000, {
    fallback: '209715200',
    doc: 'Largest file an import takes, in bytes; more is answered 413.',
  }),
  importRows: integer('CRM_IMPORT_ROWS', 1, 10_000_000, {
    fallback: '1000000',
    doc: 'Most rows of one import; more is answered 413.',
  }),
  uploads: integer('CRM_UPLOADS', 1, 1_000, {
    fallback: '8',
    doc: 'Uploaded files one API process receives or has on its disk at a time; more are answered 429.',
  }),
  uploadsPerUser: integer('CRM_UPLOADS_PER_USER', 1, 1_000, {
    fallback: '4',
    doc: 'The same for the uploads of one user.',
  }),
  uploadDir: optionalText('CRM_UPLOAD_DIR', {
    doc: 'Folder on a disk for uploaded files, CRM_UPLOADS × CRM_IMPORT_BYTES large; unset: the one of temporary files.',
  }),
  uploadMinBytesPerSecond: integer('CRM_UPLOAD_MIN_BYTES_PER_SECOND', 1, 1_000_000_000, {
    fallback: '4096',
    doc: 'Slowest rate at which an uploaded file may arrive; below it the upload is answered 408.',
  }),
  uploadWindowMs: integer('CRM_UPLOAD_WINDOW_MS', 100, 60_000, {
    fallback: '10000',
    doc: 'Interval over which the rate of an upload is measured, in milliseconds.',
  }),
  exports: integer('CRM_EXPORTS', 1, 100, {
    fallback: '4',
    doc: 'Exports one API process streams at a time; more are answered 429.',
  }),
  exportsPerUser: integer('CRM_EXPORTS_PER_USER', 1, 100, {
    fallback: '2',
    doc: 'Exports one user may have running on one API process; more are answered 429.',
  }),
  exportStallMs: integer('CRM_EXPORT_STALL_MS', 100, 3_600_000, {
    fallback: '60000',
    doc: 'Time after which an export is cut off whose client took no page of rows, in milliseconds.',
  }),
}) {}

export class StreamSettings extends Settings({
  heartbeatMs: integer('CRM_SSE_HEARTBEAT_MS', 100, 60_000, {
    fallback: '15000',
    doc: 'Time between heartbeat comments on an event stream, in milliseconds.',
  }),
  backlogBytes: integer('CRM_SSE_BACKLOG_BYTES', 16_384, 16_777_216, {
    fallback: '262144',
    doc: 'Unread bytes after which a client that does not read is cut; it resumes by id.',
  }),
  connectionsPerUser: integer('CRM_SSE_CONNECTIONS_PER_USER', 1, 100_000, {
    fallback: '100',
    doc: 'Maximum number of open streams of a user on one API process; more are answered 429.',
  }),
  longPollsPerUser: integer('CRM_LONG_POLLS_PER_USER', 1, 1_000, {
    fallback: '50',
    doc: 'Requests of the event feed with `wait` that one user may have waiting on one API process; more are answered 429.',
  }),
}) {}

export class WorkerSettings extends Settings({
  port: integer('CRM_WORKER_PORT', 0, 65_535, {
    fallback: '8083',
    doc: 'Port of the worker for /health and /metrics.',
  }),
  jobConcurrency: integer('CRM_JOB_CONCURRENCY', 1, 100, {
    fallback: '4',
    doc: 'Jobs of one queue run at a time; jobs that share a transaction count as one.',
  }),
  reconcileMs: integer('CRM_RECONCILE_MS', 100, 60_000, {
    fallback: '20000',
    doc: 'How often jobs that a lost Redis forgot are put back, in milliseconds.',
  }),
  reminderCatchUpDays: integer('CRM_REMINDER_CATCH_UP_DAYS', 0, 366, {
    fallback: '7',
    doc: 'How many days back a missed reminder is still published; it says how late it is.',
  }),
  eventRetentionDays: integer('CRM_EVENTS_RETENTION_DAYS', 0, 36_500, {
    fallback: '90',
    doc: 'Minimum retention of events in the log, in days; 0 retains all. Unpublished and bookmarked events always stay.',
  }),
}) {}

/** Every concern there is, in the order of `.env.example`. */
export const ALL_SETTINGS: readonly SettingsClass[] = [
  RuntimeSettings,
  DatabaseSettings,
  BrokerSettings,
  RedisSettings,
  HttpSettings,
  AuthSettings,
  StreamSettings,
  ClientSettings,
  TransferSettings,
  WorkerSettings,
];
