import pg from 'pg';
import { until } from '#platform/testing';
import { type CrmUser, type DealBody } from '../support/crm-user.js';
import { printMeasurements } from '../support/books/measurements.js';
import { Installation } from '../support/programs/installation.js';
import { StreamClient } from '../integration/streams/stream-client.js';
import { audit, isSequenced, NO_DISCREPANCIES } from '../support/events/log-audit.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { WriteLoad } from '../support/books/write-load.js';

const STOPS_WITHIN_MS = 20_000;
/** Errors of a client after the stop: connection refused, or a reused connection closed before its request. */
const TOO_LATE = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

describe('an API process that receives SIGTERM', () => {
  let crm: Installation;
  let api: Program;
  let user: CrmUser;

  beforeAll(async () => {
    crm = await Installation.start();
    await crm.worker();
  });

  beforeEach(async () => {
    api = await crm.api();
    user = crm.user(api);
  });

  afterEach(async () => {
    await api.kill();
  });

  afterAll(() => crm.discard());

  /** Locks these deals, so that every write waits. @returns a function that releases the locks. */
  async function lockDeals(...deals: readonly DealBody[]): Promise<() => Promise<void>> {
    const lock = new pg.Client({ connectionString: crm.database.url });
    lock.on('error', () => undefined); // a failed test drops its database
    await lock.connect();
    await lock.query('BEGIN');
    const streams = deals.map(({ id }) => `deals/${id}`);
    await lock.query('SELECT FROM crm.event_streams WHERE stream = ANY ($1) FOR UPDATE', [streams]);
    return () => lock.end();
  }

  async function waitingWrites(): Promise<number> {
    const sql = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'crm-api' AND wait_event_type = 'Lock'`;
    return (await crm.database.rows(sql)).length;
  }

  /** Ends the connections of a lost client at once, as PostgreSQL does later. */
  async function endSessions(): Promise<void> {
    await crm.database.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'crm-api'`,
    );
  }

  it(
    'completes accepted requests, under load too, with correct answers',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { writers: 12 });
      await load.acknowledge(200);
      const asked = Date.now();
      const exit = await api.stop();
      const stoppedMs = Date.now() - asked;
      await load.end();
      const notes = load.unanswered.map(({ note }) => note);
      const done = await crm.database.rows('SELECT body FROM crm.journals WHERE body = ANY ($1)', [notes]);
      printMeasurements('API stopped under load', {
        acknowledged: load.acknowledged.length,
        'too late': load.unanswered.length,
        'of them done': done.length,
        'stopped in ms': stoppedMs,
      });
      expect(exit).toEqual({ code: 0, signal: null });
      expect(stoppedMs).toBeLessThan(STOPS_WITHIN_MS);
      expect(load.refused).toEqual([]);
      expect(load.unanswered.filter(({ error }) => !TOO_LATE.includes(error))).toEqual([]);
      expect(done).toEqual([]);
      await until(() => isSequenced(crm.database));
      expect(await audit(crm.database, load.acknowledged)).toEqual(NO_DISCREPANCIES);
    }),
  );

  it(
    'refuses new connections, ends its event streams, and waits for a slow request',
    withFailureOutput(async () => {
      const deal = await user.openDeal(await user.addClient());
      const streams = await Promise.all([1, 2].map(() => StreamClient.open(api.port, { token: user.token })));
      const release = await lockDeals(deal);
      const note = user.post(`/deals/${deal.id}/journal`, { body: 'Was accepted before the stop' });
      await until(async () => (await waitingWrites()) === 1);
      const stopped = api.stop();
      await until(async () => (await api.readiness()) !== 200);
      await Promise.all(streams.map((stream) => stream.closed()));
      await until(() => isRefused(crm.user(api).get('/deals')));
      expect(api.isRunning).toBe(true);
      await release();
      expect((await note).status).toBe(201);
      expect(await stopped).toEqual({ code: 0, signal: null });
    }),
  );

  it(
    'exits after its time limit although a request still runs',
    withFailureOutput(async () => {
      const impatient = await crm.api({ CRM_SHUTDOWN_TIMEOUT_MS: '500' });
      const caller = crm.user(impatient);
      const deal = await caller.openDeal(await caller.addClient());
      const release = await lockDeals(deal);
      const note = caller.post(`/deals/${deal.id}/journal`, { body: 'Never comes to an end' });
      const failed = expect(note).rejects.toThrow();
      await until(async () => (await waitingWrites()) === 1);
      const exit = await impatient.stop();
      await failed;
      await release();
      expect(exit.signal).toBeNull();
    }),
  );

  it(
    'leaves no partial change when it is killed, and a stream resumes on another process',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { writers: 12 });
      const before = await StreamClient.open(api.port, { token: user.token });
      await load.acknowledge(200);
      await before.received(1);
      const release = await lockDeals(...load.deals);
      await until(async () => (await waitingWrites()) >= 9);
      await api.kill();
      await endSessions();
      await release();
      await api.start();
      const { lastEventId } = before;
      const after = await StreamClient.open(api.port, { token: user.token, ...(lastEventId && { lastEventId }) });
      await load.acknowledge(100);
      await load.end();
      await until(() => isSequenced(crm.database));
      expect(await audit(crm.database, load.acknowledged)).toEqual(NO_DISCREPANCIES);
      const positions = await crm.database.rows<{ position: string }>(
        'SELECT position FROM crm.event_log WHERE position >= $1 AND $2 = ANY (audience) ORDER BY position',
        [before.frames[0]!.id, user.id],
      );
      await until(() => before.frames.length + after.frames.length >= positions.length);
      after.close();
      const seen = [...before.frames, ...after.frames].map(({ id }) => id);
      expect(seen).toEqual(positions.map(({ position }) => position));
      printMeasurements('API killed under load', {
        acknowledged: load.acknowledged.length,
        unanswered: load.unanswered.length,
        'events on the stream': seen.length,
      });
    }),
  );
});

/** True when a request got no connection; one during the closing of streams is still answered. */
async function isRefused(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    expect(String(error)).toMatch(/ECONNREFUSED|ECONNRESET/);
    return true;
  }
}
