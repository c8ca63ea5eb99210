import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { newId } from '#platform/kernel';
import { freePort } from '#platform/services';
import { until } from '#platform/testing';
import { commandLine, type CommandResult } from '../support/programs/command-line.js';
import type { CrmUser } from '../support/crm-user.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';

const UNROUTED = 'crm.unrouted';
const QUEUE = 'deal-reviews';
const NO_LEADER = 'none leads: events get no position and are not published. Start a worker, or read its log.';

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'FAILED' | 'skipped';
  readonly fact: string;
  readonly remedy?: string;
}

describe('the operations command line', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let user: CrmUser;
  let redis: Redis;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, redis: true });
    [api, worker] = await Promise.all([crm.api(), crm.worker()]);
    user = crm.user(api, ['ROLE_ADMIN']);
    redis = new Redis(crm.queues.port, '127.0.0.1');
  });
  afterAll(async () => {
    redis?.disconnect();
    await crm?.discard();
  });

  const run = (...words: readonly string[]): Promise<CommandResult> =>
    commandLine({ ...crm.environment(), CRM_PORT: String(api.port) }, ...words);

  async function onBroker<T>(
    work: (channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>) => Promise<T>,
  ): Promise<T> {
    const connection = await connect(crm.broker.url);
    try {
      return await work(await connection.createChannel());
    } finally {
      await connection.close();
    }
  }

  /** Changes rows directly, with triggers disabled. */
  const behindItsBack = (sql: string) =>
    crm.database.rows(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`);

  /** The failed checks with their messages. */
  async function failures(...words: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const { code, stdout } = await run('doctor', '--json', ...words);
    const found = JSON.parse(stdout) as Finding[];
    const failed = found.filter(({ state }) => state === 'FAILED');
    expect(code).toBe(failed.length > 0 ? 1 : 0);
    return Object.fromEntries(failed.map(({ check, fact, remedy }) => [check, `${fact}. ${remedy}`]));
  }

  const purge = () => onBroker((channel) => channel.purgeQueue(UNROUTED));
  const unrouted = () => onBroker(async (channel) => (await channel.checkQueue(UNROUTED)).messageCount);

  async function dead(): Promise<string> {
    const id = newId();
    await crm.database.rows(
      `INSERT INTO crm.job_requests (id, queue, name, key, payload, state, run_after, attempts, last_error, created_at,
         finished_at)
       VALUES ($1::uuid, $2, 'remind-one', $1::uuid::text, jsonb_build_object('subject_id', $1::uuid, 'day', '2026-03-02'),
         'failed', now(), 8, 'RangeError: no executor', now(), now())`,
      [id, QUEUE],
    );
    return id;
  }

  const stateOf = async (id: string) =>
    (await crm.database.rows<{ state: string }>('SELECT state FROM crm.job_requests WHERE id = $1', [id]))[0]?.state;

  describe('doctor', () => {
    it('reports a healthy installation with one line for each check', async () => {
      const { code, stdout } = await run('doctor');
      expect({ code, unsound: stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok  ')) }).toEqual({
        code: 0,
        unsound: [],
      });
      expect(stdout.trim().split('\n')).toHaveLength(14);
    });

    it('finds a newer schema', async () => {
      await crm.database.rows(`INSERT INTO crm.migrations (timestamp, name) VALUES (9e12, 'Claims9000000000000')`);
      expect(await failures()).toEqual({ schema: expect.stringMatching(/Claims9000000000000\. Deploy the code/) });
      await crm.database.rows(`DELETE FROM crm.migrations WHERE name = 'Claims9000000000000'`);
    });

    it('finds a Redis that may evict jobs', async () => {
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await failures()).toEqual({
        Redis: expect.stringMatching(/allkeys-lru\. .*set maxmemory-policy noevict/),
      });
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
    });

    it('finds a missing binding, exchange or queue', async () => {
      await onBroker((channel) => channel.unbindQueue(UNROUTED, UNROUTED, ''));
      expect(await failures()).toEqual({ RabbitMQ: expect.stringMatching(/is not bound .*Restart the worker/) });
      await onBroker((channel) => channel.deleteQueue(UNROUTED));
      expect(await failures()).toEqual({
        RabbitMQ: expect.stringMatching(/crm\.unrouted is missing.*Restart the worker/),
      });
      await onBroker((channel) => channel.deleteExchange('crm.dead-letters'));
      expect(await failures()).toEqual({ RabbitMQ: expect.stringMatching(/crm\.dead-letters is missing/) });
      await worker.stop();
      await worker.start();
      expect(await failures()).toEqual({});
    });

    it('finds an exchange that other services cannot declare; recreate-exchange replaces it', async () => {
      const exchange = `test.${newId()}`;
      const env = { ...crm.environment(), CRM_EVENTS_EXCHANGE: exchange };
      await onBroker((channel) => channel.assertExchange(exchange, 'topic', { alternateExchange: UNROUTED }));
      const found = await commandLine(env, 'doctor');
      expect(found.stdout).toMatch(
        /FAILED {3}RabbitMQ — .*406: inequivalent arg 'alternate-exchange'.*recreate-exchange/,
      );
      const unsure = await commandLine(env, 'events', 'recreate-exchange');
      expect(unsure).toMatchObject({ code: 1, stderr: expect.stringContaining('rabbitmqctl list_bindings') });
      const bindings = join(mkdtempSync(join(tmpdir(), 'crm-')), 'bindings.json');
      const binding = {
        source_name: exchange,
        destination_name: UNROUTED,
        destination_kind: 'queue',
        routing_key: 'x',
      };
      writeFileSync(bindings, JSON.stringify([{ ...binding, source_kind: 'exchange', arguments: [] }]));
      const refused = await commandLine(env, 'events', 'recreate-exchange', '--bindings', bindings);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('stop all workers') });
      await worker.stop();
      const recreated = await commandLine(env, 'events', 'recreate-exchange', '--bindings', bindings);
      expect(recreated).toMatchObject({ code: 0, stdout: expect.stringContaining('1 binding(s) kept') });
      await worker.start();
      expect((await commandLine(env, 'doctor')).code).toBe(0);
      await onBroker((channel) => channel.deleteExchange(exchange));
    });

    it('finds dead letters; redeliver moves them back', async () => {
      const queue = `test.${newId()}`;
      await crm.database.rows('INSERT INTO crm.subscriber_queues (queue, keys) VALUES ($1, $2)', [queue, ['deal.#']]);
      await onBroker(async (channel) => {
        for (const name of [queue, `${queue}.dead`]) await channel.assertQueue(name);
        channel.sendToQueue(`${queue}.dead`, Buffer.from('{}'));
        await until(async () => (await channel.checkQueue(`${queue}.dead`)).messageCount === 1);
      });
      expect(await failures()).toEqual({
        'dead letters': `1 in ${queue}.dead. The worker’s log names each event and its error: correct the cause, then run npx crm events redeliver ${queue}.`,
      });
      expect(await run('events', 'redeliver', queue)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Moved 1/),
      });
      expect(await failures()).toEqual({});
      await onBroker(async (channel) => {
        expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 1 });
        for (const name of [queue, `${queue}.dead`]) await channel.deleteQueue(name);
      });
      await crm.database.rows('DELETE FROM crm.subscriber_queues WHERE queue = $1', [queue]);
      expect((await run('events', 'redeliver', queue)).code).toBe(1);
    });

    it('finds events refused by a full queue; release publishes them once the queue accepts them', async () => {
      const full = { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };
      await onBroker(async (channel) => {
        await channel.assertQueue('test.clients', full);
        await channel.bindQueue('test.clients', 'crm.events', 'client.created');
      });
      for (let clients = 0; clients < 4; clients++) await user.addClient();
      await until(() => worker.said('RabbitMQ refused an event'));
      const { 'parked events': parked } = await failures();
      expect(parked).toMatch(/^\d × client\.created \(e\.g\. event [0-9a-f-]{36}\)\. .*npx crm events release/);
      expect(worker.lastSaid('RabbitMQ refused an event')).toMatchObject({
        event_id: expect.any(String),
        type: 'client.created',
      });
      expect(await run('events', 'release')).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/still parked: \d × client/),
      });
      await onBroker((channel) => channel.deleteQueue('test.clients'));
      expect(await run('events', 'release')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^No event is parked/),
      });
      await until(async () => (await unrouted()) > 0);
      await purge();
    });

    it('finds events without a position, and then events without a bound queue', async () => {
      await worker.stop();
      await user.addClient();
      expect(await failures('--lag', '0')).toEqual({
        'event log': expect.stringMatching(/^1 event\(s\) without a position.*See that a worker runs/),
        worker: NO_LEADER,
      });
      await worker.start();
      await until(async () => (await unrouted()) === 1);
      expect(await failures()).toEqual({ unrouted: expect.stringMatching(/^1 event\(s\).*Bind the queue/) });
      await purge();
    });

    it('finds unpublished events when no worker has ever published', async () => {
      await user.addClient();
      await until(async () => (await unrouted()) === 1);
      await purge();
      // A worker without its cursor restarts with the first event.
      await worker.stop();
      // A publisher with an unsaved position would lose its lease and create a new cursor.
      const remove = `DELETE FROM crm.event_cursors WHERE name = 'rabbitmq' AND position = (
        SELECT position FROM crm.event_cursors WHERE name = 'sequencer') RETURNING position, fence`;
      const cursor = await until(async () => (await crm.database.rows<{ position: string; fence: string }>(remove))[0]);
      expect(await failures()).toEqual({
        'event log': expect.stringMatching(
          /^[1-9]\d* event\(s\) to be read by rabbitmq.*with CRM_RABBITMQ_URL as here/,
        ),
        worker: NO_LEADER,
      });
      const restore = `INSERT INTO crm.event_cursors (name, position, fence) VALUES ('rabbitmq', $1, $2)`;
      await crm.database.rows(restore, [cursor.position, cursor.fence]);
      await worker.start();
    });

    it('finds payments whose totals differ from their lines', async () => {
      const deal = await user.openDeal(await user.addClient());
      const payment = { planned_date: '2026-01-01', planned_amount: '10.00', currency: 'RUB' };
      const { id } = (await user.post<{ id: string }>(`/deals/${deal.id}/payments`, payment)).body;
      await behindItsBack(`UPDATE crm.payments SET incomes_total = 5 WHERE id = '${id}'`);
      const { money } = await failures();
      expect(money).toContain(`1 × totals are not the sum of the lines (e.g. payment ${id})`);
      expect(money).toContain('compare these deals with their journals');
      await behindItsBack(`UPDATE crm.payments SET incomes_total = 0 WHERE id = '${id}'`);
      await behindItsBack(`UPDATE crm.deals SET is_deleted = true, deleted_at = now() WHERE id = '${deal.id}'`);
      expect((await failures()).money).toContain('payments of a deleted deal');
      await behindItsBack(`UPDATE crm.deals SET is_deleted = false, deleted_at = NULL WHERE id = '${deal.id}'`);
      await until(async () => (await unrouted()) > 0);
      await purge();
    });

    it('finds dead jobs', async () => {
      const id = await dead();
      expect((await failures())['dead jobs']).toBe(
        `1 in ${QUEUE}. See why with npx crm jobs list, then npx crm jobs retry.`,
      );
      await crm.database.rows('DELETE FROM crm.job_requests WHERE id = $1', [id]);
    });

    it('fails while the API is not ready, and notes that the API may run on another machine', async () => {
      const elsewhere = { ...crm.environment(), CRM_PORT: String(await freePort()) };
      const remark = `skipped  API — it does not answer at http://127.0.0.1:${elsewhere.CRM_PORT}: it runs on another machine, or not at all.`;
      expect(await commandLine(elsewhere, 'doctor')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(remark),
      });
      const unready = createServer((_request, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
      await once(unready, 'listening');
      const { port } = unready.address() as AddressInfo;
      const found = await commandLine({ ...crm.environment(), CRM_PORT: String(port) }, 'doctor');
      unready.close();
      expect(found).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAILED {3}API — .*answers 503\. /m) });
    });

    it('finds invalid settings and unreachable servers', async () => {
      const misspelt = await commandLine({ ...crm.environment(), CRM_PROT: '8082' }, 'doctor');
      expect(misspelt).toMatchObject({ code: 1, stdout: expect.stringContaining('did you mean CRM_PORT? Correct ') });
      const wrong = await commandLine({ ...crm.environment(), CRM_PORT: 'eighty' }, 'doctor');
      expect(wrong).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAILED {3}configuration — CRM_PORT /) });
      const away = {
        CRM_DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/c',
        REDIS_PORT: '1',
        CRM_RABBITMQ_URL: 'amqp://127.0.0.1:1',
      };
      const { code, stdout } = await commandLine({ ...crm.environment(), ...away }, 'doctor');
      expect({ code, failed: stdout.match(/^FAILED {3}(?!configuration).*ECONNREFUSED.*$/gm)?.length }).toEqual({
        code: 1,
        failed: 11,
      });
    });
  });

  it.each([
    ['Redis', {}],
    ['PostgreSQL', { REDIS_HOST: '' }],
  ])('lists failed jobs of queues in %s and retries them', async (backend, settings) => {
    const id = await dead();
    const env = { ...crm.environment(), ...settings };
    const list = await commandLine(env, 'jobs', 'list', '--waiting');
    expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining(`dead     ${id}  ${QUEUE}/remind-one`) });
    expect(list.stdout).toContain('RangeError: no executor');
    const { queues, jobs } = JSON.parse(
      (await commandLine(env, 'jobs', 'list', '--json', '--queue', QUEUE)).stdout,
    ) as {
      queues: { name: string; failed: number }[];
      jobs: { id: string }[];
    };
    expect(queues).toEqual([expect.objectContaining({ name: QUEUE, failed: 1 })]);
    expect(jobs.map((job) => job.id)).toEqual([id]);
    const unknown = newId();
    // A retried job is no longer in the list.
    const retried = await commandLine(env, 'jobs', 'retry', id, id, unknown, '--json');
    expect({ ...retried, stdout: JSON.parse(retried.stdout) as object }).toEqual({
      code: 1,
      stdout: { retried: [id], missing: [unknown] },
      stderr: `No dead job has the id ${unknown}.\n`,
    });
    // This worker runs the jobs of Redis only.
    const next = backend === 'Redis' ? 'done' : 'pending';
    await until(async () => (await stateOf(id)) === next);
    await crm.database.rows('DELETE FROM crm.job_requests WHERE id = $1', [id]);
  });

  it('prints the remaining range of a replay that the broker interrupted, up to the requested end', async () => {
    for (let clients = 0; clients < 5; clients++) await user.addClient();
    await until(async () => (await unrouted()) >= 5);
    const full = { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };
    await onBroker((channel) => channel.assertQueue('test.full', full));
    const replay = await run('events', 'replay', '--queue', 'test.full', '--from', '1', '--to', '4');
    const left = expect.stringMatching(/Interrupted: .+ Go on with --from \d --to 4\./);
    expect(replay).toEqual({ code: 1, stdout: '', stderr: left });
    await purge();
  });

  it('verifies every journal, and reports the entry at which a chain is broken', async () => {
    const deal = await user.openDeal(await user.addClient());
    const { id } = deal;
    await user.post(`/deals/${id}/journal`, { body: 'Звонил клиент' });
    expect(await run('journal', 'verify')).toMatchObject({ code: 0, stdout: expect.stringMatching(/as they were/) });
    await behindItsBack(`UPDATE crm.journals SET body = 'Не звонил' WHERE deal_id = '${id}' AND seq = 2`);
    const broken = { valid: false, broken: { dealId: id, at: 2 } };
    const all = await run('journal', 'verify', '--json');
    expect({ code: all.code, output: JSON.parse(all.stdout) }).toMatchObject({ code: 1, output: broken });
    const one = await run('journal', 'verify', '--deal', id);
    expect(one).toMatchObject({ code: 1, stdout: expect.stringContaining(`deal ${id} at entry 2`) });
    await behindItsBack(`UPDATE crm.journals SET body = 'Звонил клиент' WHERE deal_id = '${id}' AND seq = 2`);
    expect((await run('journal', 'verify', '--deal', id)).code).toBe(0);
  });

  it('suggests the closest command, prints help, and uses different exit codes for misuse and failure', async () => {
    expect(await run('jornal')).toMatchObject({ code: 64, stderr: expect.stringContaining('Did you mean journal?') });
    expect((await run()).code).toBe(64);
    expect((await run('events', 'tail', '--form', '1')).stderr).toContain('Did you mean --from?');
    expect(await run('help', 'import')).toMatchObject({ code: 0, stdout: expect.stringContaining('--dry-run') });
    expect((await run('journal', 'verify', '--deal', 'seven')).code).toBe(1);
    const production = { PATH: process.env.PATH, NODE_ENV: 'production' };
    expect((await commandLine(production, 'migrate')).code).toBe(78);
  });
});
