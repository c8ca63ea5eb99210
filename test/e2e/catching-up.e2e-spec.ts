import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ConsumeMessage } from 'amqplib';
import { accessToken, until } from '#platform/testing';
import type { CrmUser } from '../support/crm-user.js';
import type { EventConsumer } from '../support/events/event-consumer.js';
import { printMeasurements } from '../support/books/measurements.js';
import { Installation } from '../support/programs/installation.js';
import { isSequenced } from '../support/events/log-audit.js';
import type { Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const ROOT = process.env.CRM_TEST_BUILD ?? join(__dirname, '../..');
const DEALS = 40;
/** Number of events that one change appends per deal. */
const EVENTS_A_CHANGE = 5;
const ARRIVES_WITHIN_MS = 300_000;

/** Appends events of two types to forty deals in one statement; the worker does not subscribe to them. */
const CHANGE_ALL = `
  SELECT crm.append_to_streams(jsonb_agg(jsonb_build_object('stream', 'deals/' || id, 'deal_id', id,
    'audience', '[]'::jsonb, 'at', date_trunc('milliseconds', clock_timestamp()), 'events', (SELECT jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'data', jsonb_build_object('deal_id', id, 'n', n),
      'type', CASE WHEN n % 2 = 0 THEN 'deal.stage_changed' ELSE 'deal.payment.due' END)) FROM generate_series(1, $1::int) AS n))))
  FROM (SELECT md5(n::text)::uuid AS id FROM generate_series(1, $2::int) AS n) AS deals`;

interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly streamversion: number;
  readonly position: string;
}

interface FeedBody {
  readonly items: readonly Envelope[];
  readonly next_after: string;
  readonly has_more: boolean;
}

interface ReplayBody {
  readonly id: string;
  readonly state: string;
  readonly position: string;
  readonly published: number;
  readonly error: string | null;
}

describe('a consumer that was offline', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let admin: CrmUser;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, isScripted: true });
    [api, worker] = await Promise.all([crm.api(), crm.worker({ CRM_RECONCILE_MS: '1000' })]);
    admin = crm.user(api, ['ROLE_ADMIN']);
  });

  afterAll(() => crm.discard());

  /** Appends thousands of events while the consumer is offline. */
  async function liveOn(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) await crm.database.rows(CHANGE_ALL, [EVENTS_A_CHANGE, DEALS]);
    await until(() => isSequenced(crm.database), ARRIVES_WITHIN_MS);
  }

  const positionOf = async (cursor: string) => {
    const [row] = await crm.database.rows<{ position: string }>(
      'SELECT position FROM crm.event_cursors WHERE name = $1',
      [cursor],
    );
    return Number(row!.position);
  };
  const lastPosition = () => positionOf('sequencer');
  const publishedPosition = () => positionOf('rabbitmq');
  const loggedAfter = async (position: number, type = '%') =>
    (
      await crm.database.rows<{ id: string }>(
        'SELECT id FROM crm.event_log WHERE position > $1 AND type LIKE $2 ORDER BY position',
        [position, type],
      )
    ).map(({ id }) => id);

  /** First deliveries whose version is not the next one of their stream. */
  function disorder(events: readonly Envelope[]): string[] {
    const last = new Map<string, number>();
    return events.flatMap(({ subject, streamversion }) => {
      const before = last.get(subject);
      last.set(subject, Math.max(before ?? 0, streamversion));
      const isNext = before === undefined || streamversion === before + 1;
      return isNext ? [] : [`${subject}: ${streamversion} after ${before}`];
    });
  }

  const envelopes = (messages: readonly ConsumeMessage[]) =>
    messages.map(({ content }) => JSON.parse(content.toString()) as Envelope);
  const firstOfEach = (events: readonly Envelope[]) => {
    const seen = new Set<string>();
    return events.filter(({ id }) => !seen.has(id) && seen.add(id));
  };
  /** A queue without bindings. */
  const idleQueue = (name: string): Promise<EventConsumer> => crm.consumer(name, []);
  const replayOf = async (id: string) => (await admin.get<ReplayBody>(`/events/replays/${id}`)).body;

  function command(...args: readonly string[]) {
    const child = spawn(process.execPath, [join(ROOT, 'dist/apps/cli/src/main.js'), 'events', ...args], {
      env: { PATH: process.env.PATH, ...crm.environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString()));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
    return { output, ended, stop: () => child.kill('SIGINT') };
  }

  it(
    'reads every event once, in order, from its bookmark',
    withFailureOutput(async () => {
      await liveOn(2);
      const left = await lastPosition();
      const put = (body: object) => admin.send<object>('PUT', '/events/bookmarks/reports', body);
      expect(await put({ position: String(left) })).toMatchObject({ status: 201 });
      await liveOn(25);
      const read: Envelope[] = [];
      let page: FeedBody;
      let at = String(left);
      do {
        page = (await admin.get<FeedBody>('/events?bookmark=reports&limit=200')).body;
        read.push(...page.items);
        expect(await put({ position: page.next_after, expected_position: at })).toMatchObject({ status: 200 });
        at = page.next_after;
      } while (page.has_more);
      expect(read).toHaveLength(25 * DEALS * EVENTS_A_CHANGE);
      expect(read.map(({ id }) => id)).toEqual(await loggedAfter(left));
      expect(disorder(read)).toEqual([]);
    }),
  );

  it(
    'receives a replay from the time it went offline, although the worker is killed during it',
    withFailureOutput(async () => {
      const [{ now }] = (await crm.database.rows<{ now: string }>('SELECT clock_timestamp() AS now')) as [
        { now: string },
      ];
      const left = await lastPosition();
      await liveOn(80);
      const others = await idleQueue('test.others');
      const consumer = await idleQueue('test.catching-up');
      const asked = { queue: 'test.catching-up', from: now };
      const key = { 'idempotency-key': 'catching-up' };
      const { status, body } = await admin.post<ReplayBody>('/events/replays', asked, key);
      expect({ status, state: body.state }).toEqual({ status: 202, state: 'pending' });
      const withoutRoles = `Bearer ${accessToken({ userId: admin.id, roles: [] })}`;
      const refused = await admin.post('/events/replays', asked, { ...key, authorization: withoutRoles });
      expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      await until(async () => (await replayOf(body.id)).published > 1_000, ARRIVES_WITHIN_MS);
      await worker.kill();
      const stopped = await replayOf(body.id);
      expect(stopped.state).toBe('running');
      await worker.start();
      const done = await until(async () => {
        const replay = await replayOf(body.id);
        return replay.state === 'done' && replay;
      }, ARRIVES_WITHIN_MS);
      const logged = await loggedAfter(left);
      await until(() => consumer.ids.size >= logged.length, ARRIVES_WITHIN_MS);
      const first = firstOfEach(envelopes(consumer.messages));
      printMeasurements('replay with a killed worker', {
        events: logged.length,
        'saved at the kill': stopped.published,
        delivered: consumer.messages.length,
      });
      expect(new Set(first.map(({ id }) => id))).toEqual(new Set(logged));
      expect(disorder(first)).toEqual([]);
      expect(consumer.account.changed).toEqual([]);
      expect(done.position).toBe(String(left + logged.length));
      expect(consumer.messages.every(({ properties }) => properties.headers?.replayed === true)).toBe(true);
      expect(others.messages).toEqual([]);
    }),
  );

  it(
    'receives a replay with messages identical to the first delivery',
    withFailureOutput(async () => {
      const left = await lastPosition();
      await until(async () => (await publishedPosition()) >= left, ARRIVES_WITHIN_MS);
      const consumer = await crm.consumer('test.twice', ['deal.#']);
      await liveOn(1);
      await until(() => consumer.messages.length === DEALS * EVENTS_A_CHANGE, ARRIVES_WITHIN_MS);
      const before = consumer.messages.map(({ content, properties }) => [properties.messageId, content.toString()]);
      await admin.post('/events/replays', { queue: 'test.twice', from: String(left + 1) });
      await until(() => consumer.messages.length === 2 * before.length, ARRIVES_WITHIN_MS);
      const again = consumer.messages.slice(before.length);
      expect(again.map(({ content, properties }) => [properties.messageId, content.toString()]).sort()).toEqual(
        before.sort(),
      );
      const { headers, ...properties } = again[0]!.properties;
      const original = consumer.messages.find((message) => message.properties.messageId === properties.messageId)!;
      expect({ headers, ...properties }).toEqual({
        ...original.properties,
        headers: { ...original.properties.headers, replayed: true },
      });
    }),
  );

  it(
    'receives the selected types by the replay command',
    withFailureOutput(async () => {
      const left = await lastPosition();
      await liveOn(20);
      const consumer = await idleQueue('test.by-command');
      const { code, stdout, stderr } = await command(
        ...['replay', '--queue', 'test.by-command', '--from', String(left + 1), '--types', 'deal.payment.*', '--json'],
      ).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const logged = await loggedAfter(left, 'deal.payment.%');
      const last = JSON.parse(stdout.trim().split('\n').at(-1)!) as object;
      expect(last).toMatchObject({ position: String(await lastPosition()), published: logged.length });
      await until(() => consumer.ids.size >= logged.length, ARRIVES_WITHIN_MS);
      expect(new Set(consumer.ids)).toEqual(new Set(logged));
      const types = new Set(envelopes(consumer.messages).map(({ type }) => type));
      expect(types).toEqual(new Set(['crm.deal.payment.due']));
    }),
  );

  it(
    'gets the position of a stopped replay command, and resumes from it',
    withFailureOutput(async () => {
      const consumer = await idleQueue('test.stopped');
      const first = command('replay', '--queue', 'test.stopped', '--from', '1', '--json');
      await until(() => first.output.stdout !== '', ARRIVES_WITHIN_MS);
      first.stop();
      const { code, stderr } = await first.ended;
      expect(code).toBe(1);
      const [, from, to] = /go on with --from (\d+) --to (\d+)/.exec(stderr)!;
      const rest = await command('replay', '--queue', 'test.stopped', '--from', from!, '--to', to!).ended;
      expect(rest).toMatchObject({ code: 0, stdout: expect.stringContaining(`of positions ${from!} to ${to!}`) });
      const logged = await loggedAfter(0);
      await until(() => consumer.messages.length >= logged.length, ARRIVES_WITHIN_MS);
      expect(new Set(consumer.ids)).toEqual(new Set(logged));
      expect(consumer.account).toMatchObject({ duplicates: 0, outOfOrder: [] });
    }),
  );

  it('is refused a replay to a missing queue, and the replay fails when the queue is deleted meanwhile', async () => {
    const missing = { queue: 'test.nowhere', from: '1' };
    expect(await admin.post('/events/replays', missing)).toMatchObject({
      status: 404,
      body: { code: 'queue_not_found' },
    });
    expect(await crm.database.rows(`SELECT FROM crm.event_replays WHERE queue = 'test.nowhere'`)).toEqual([]);
    const { code, stderr } = await command('replay', '--queue', 'test.nowhere', '--from', '1').ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('there is no queue test.nowhere') });
    // Requested while the queue exists; the queue is deleted before the replay starts.
    await crm.database.rows(
      `WITH asked AS (
         INSERT INTO crm.event_replays (id, queue, types, from_position, to_position, position, requested_by_id, created_at, updated_at)
         VALUES (gen_random_uuid(), 'test.gone', '{}', 1, 10, 0, gen_random_uuid(), now(), now()) RETURNING id)
       INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
       SELECT gen_random_uuid(), 'event-replays', 'replay', id, jsonb_build_object('replay_id', id), now(), now() FROM asked`,
    );
    const failed = await until(async () => {
      const [row] = await crm.database.rows<{ error: string }>(
        `SELECT error FROM crm.event_replays WHERE queue = 'test.gone' AND state = 'failed'`,
      );
      return row;
    }, ARRIVES_WITHIN_MS);
    expect(failed.error).toBe('queue_not_found');
  });

  it.each([
    ['no beginning', { queue: 'q' }, 422, 'validation_failed'],
    ['a beginning that is none', { queue: 'q', from: 'yesterday' }, 422, 'not_a_position'],
    ['an end that is none', { queue: 'q', from: '1', to: '2026-13-45T00:00:00Z' }, 422, 'not_a_position'],
    ['an end before the beginning', { queue: 'q', from: '10', to: '9' }, 422, 'nothing_to_replay'],
    ['an end in the future', { queue: 'q', from: '1', to: '999999999' }, 409, 'position_in_future'],
    ['a beginning in the future', { queue: 'q', from: '999999999' }, 409, 'position_in_future'],
    ['a time with nothing after it', { queue: 'q', from: '2099-01-01T00:00:00Z' }, 422, 'nothing_to_replay'],
    ['a beginning that is gone', { queue: 'q', from: '0' }, 410, 'position_gone'],
    ['a pattern that is none', { queue: 'q', from: '1', types: ['Deal'] }, 422, 'validation_failed'],
  ])('is refused a replay request with %s', async (_what, body, status, code) => {
    expect(await admin.post('/events/replays', body)).toMatchObject({ status, body: { code } });
  });

  it('can be inspected by command: new events, and the position of its bookmark', async () => {
    const tail = command('tail', '--from', '1', '--types', 'deal.stage_changed', '--json');
    const [, line] = await until(() => /^(\{.*\})\n/.exec(tail.output.stdout), ARRIVES_WITHIN_MS);
    expect(JSON.parse(line!)).toMatchObject({ type: 'crm.deal.stage_changed', specversion: '1.0' });
    await liveOn(1);
    const last = await lastPosition();
    await until(
      () =>
        tail.output.stdout.includes(`"position":"${last - 1}"`) || tail.output.stdout.includes(`"position":"${last}"`),
    );
    tail.stop();
    expect(await tail.ended).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await command('bookmarks', '--json').ended;
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'reports' }]);
    expect(await command('tail', '--from', 'soon').ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('from'),
    });
  });
});
