import type pg from 'pg';
import { auditMoney } from '#crm/payments';
import {
  LOCAL_CURSOR,
  PARKED_COUNTS,
  type ParkedCount,
  PROJECTIONS,
  RABBITMQ_CURSOR,
  readerLags,
  unsequenced,
} from '#platform/messaging';
import { migrationLevel, type Statement } from '#platform/persistence';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { type Check, failed, type Finding, ok } from './check.js';

/** Version in PostgreSQL's format, e.g. 15.0. */
const MIN_VERSION = 150_000;

/**
 * Checks of PostgreSQL.
 * @param connected returns the connection; rejects when PostgreSQL can't be reached.
 * @param maxLagS seconds that an event may wait for its readers.
 */
export function databaseChecks(
  connected: () => Promise<pg.Client>,
  hasBroker: boolean,
  maxLagS: number,
): readonly Check[] {
  const query = async <R extends object>(sql: string | Statement): Promise<readonly R[]> =>
    (await (await connected()).query<R>(sql)).rows;
  const remedy = 'Mend PostgreSQL and the schema first.';
  return [
    {
      name: 'PostgreSQL',
      run: () => version(query),
      remedy: 'Start it, or correct CRM_DATABASE_URL.',
    },
    { name: 'schema', run: () => schema(query), remedy },
    { name: 'event log', run: () => lag(query, hasBroker, maxLagS), remedy },
    { name: 'parked events', run: () => parkedEvents(query), remedy },
    { name: 'money', run: () => money(query), remedy },
    { name: 'dead jobs', run: () => deadJobs(query), remedy },
  ];
}

type RunQuery = <R extends object>(sql: string | Statement) => Promise<readonly R[]>;

async function version(query: RunQuery): Promise<Finding> {
  const [row] = await query<{ number: string; name: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name`,
  );
  const fact = `version ${row!.name}`;
  return Number(row!.number) < MIN_VERSION ? failed(fact, 'Move to PostgreSQL 15 or newer.') : ok(fact);
}

async function schema(query: RunQuery): Promise<Finding> {
  const level = await migrationLevel((sql) => query<{ name: string }>(sql), MIGRATIONS);
  const newest = MIGRATIONS.at(-1)!.name;
  if (level === 'equal') return ok(`at ${newest}, as this code`);
  if (level === 'older') return failed(`older than this code, which wants ${newest}`, 'Run npx crm migrate.');
  const known = MIGRATIONS.map(({ name }) => name);
  const rows = await query<{ name: string }>('SELECT name FROM crm.migrations ORDER BY id');
  const others = rows.map(({ name }) => name).filter((name) => !known.includes(name));
  return failed(
    `newer than this code, which doesn't know ${others.join(', ')}`,
    'Deploy the code that the schema was migrated by; schemas don’t go back.',
  );
}

async function lag(query: RunQuery, hasBroker: boolean, maxLagS: number): Promise<Finding> {
  const waiting = await unsequenced(query);
  const startWorker = 'See that a worker runs and what its log says.';
  if (waiting.age > maxLagS) {
    return failed(
      `${waiting.count} event(s) without a position, the oldest for ${waiting.age.toFixed(0)} s`,
      startWorker,
    );
  }
  const reader = hasBroker ? RABBITMQ_CURSOR : LOCAL_CURSOR;
  const readers = (await readerLags(query)).filter(({ name }) => name === reader || name.startsWith(PROJECTIONS));
  const read = readers.find(({ name }) => name === reader);
  if (!read) return neverRead(query, reader);
  const late = readers.find(({ age }) => age > maxLagS);
  if (!late) return ok(`${read.lag} event(s) to be read by ${reader}`);
  return failed(
    `${late.name} is ${late.lag} event(s) behind, the oldest for ${late.age.toFixed(0)} s`,
    late === read && hasBroker ? `${startWorker} Without RabbitMQ they wait there.` : startWorker,
  );
}

/** A reader has no cursor until a worker starts to read for it. */
async function neverRead(query: RunQuery, reader: string): Promise<Finding> {
  const [row] = await query<{ position: string }>(`SELECT position FROM crm.event_cursors WHERE name = 'sequencer'`);
  if (row!.position === '0') return ok(`0 event(s) to be read by ${reader}`);
  return failed(
    `${row!.position} event(s) to be read by ${reader}, which never read any`,
    'See that a worker runs, with CRM_RABBITMQ_URL as here, and what its log says.',
  );
}

async function money(query: RunQuery): Promise<Finding> {
  const faults = await auditMoney(query);
  if (faults.length === 0) return ok('every total is the sum of its lines, every line and payment has its owner');
  return failed(
    faults.map(({ kind, count, example }) => `${count} × ${kind} (e.g. payment ${example})`).join('; '),
    'The database was changed past the service: compare these deals with their journals and a backup; correct them.',
  );
}

async function parkedEvents(query: RunQuery): Promise<Finding> {
  const rows = await query<ParkedCount>(PARKED_COUNTS);
  if (rows.length === 0) return ok('none');
  return failed(
    rows.map(({ type, events, eventId }) => `${events} × ${type} (e.g. event ${eventId})`).join(', '),
    'A queue bound for such an event is full and rejects; RabbitMQ does not name it. See rabbitmqctl list_bindings for ' +
      'the queues of these types, and rabbitmqctl list_queues name messages arguments policy. ' +
      'Empty it or raise its limit; the publisher tries again within 30 s, npx crm events release at once.',
  );
}

async function deadJobs(query: RunQuery): Promise<Finding> {
  const rows = await query<{ queue: string; count: number }>(
    `SELECT queue, count(*)::int AS count FROM crm.job_requests WHERE state = 'failed' GROUP BY queue ORDER BY queue`,
  );
  if (rows.length === 0) return ok('none');
  return failed(
    rows.map(({ queue, count }) => `${count} in ${queue}`).join(', '),
    'See why with npx crm jobs list, then npx crm jobs retry.',
  );
}
