import { type RabbitmqCluster, startRabbitmqCluster } from '#platform/services';
import { until } from '#platform/testing';
import { expectEverythingDelivered } from '../support/broker/delivery-check.js';
import { expectRecovery, WriteLoads } from '../support/clusters/failover.js';
import { PostgresPair } from '../support/clusters/postgres-pair.js';
import { RedisSentinels } from '../support/clusters/redis-sentinels.js';
import { FAR_DAY } from '../support/crm-user.js';
import { EventConsumer } from '../support/events/event-consumer.js';
import { csvOf, type ShownImport } from '../support/import-harness.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { Installation } from '../support/programs/installation.js';
import { type Program } from '../support/programs/processes.js';

const QUEUE = 'test.failover';
/** Generous: reached only when events or jobs do not go on after the loss of a server. */
const RECOVERS_WITHIN_MS = 180_000;

describe('two API and two worker processes on servers with stand-ins', () => {
  let rabbitmq: RabbitmqCluster;
  let postgres: PostgresPair;
  let redis: RedisSentinels;
  let crm: Installation;
  let consumer: EventConsumer;
  let apis: readonly Program[];
  let programs: readonly Program[];

  beforeAll(async () => {
    [rabbitmq, postgres, redis] = await Promise.all([
      startRabbitmqCluster(),
      PostgresPair.start(),
      RedisSentinels.start(),
    ]);
    crm = await Installation.start({ databaseUrl: postgres.url });
    const environments = [environment(0), environment(1)];
    apis = await Promise.all(environments.map((more) => crm.api(more)));
    programs = [...apis, ...(await Promise.all(environments.map((more) => crm.worker(more))))];
    consumer = await EventConsumer.open(nodes(0), QUEUE);
  });

  afterAll(async () => {
    await consumer.close();
    await crm.discard();
    await Promise.all([rabbitmq.discard(), postgres.discard(), redis.discard()]);
  });

  /** URLs of all nodes of RabbitMQ, beginning with this one. */
  function nodes(first: number): string {
    const urls = rabbitmq.nodes.map(({ url }) => url);
    return [...urls.slice(first), ...urls.slice(0, first)].join(',');
  }

  function environment(firstNode: number): Record<string, string> {
    return {
      CRM_RABBITMQ_URL: nodes(firstNode),
      REDIS_SENTINELS: redis.addresses,
      CRM_RECONCILE_MS: '1000',
    };
  }

  function beginLoads(): Promise<WriteLoads> {
    return WriteLoads.begin(apis.map((api) => crm.user(api)));
  }

  /** Stops the loads and checks that every acknowledged change was delivered, when every process is ready again. */
  async function expectNothingLost(what: string, loads: WriteLoads): Promise<void> {
    await loads.end();
    await Promise.all(programs.map((program) => program.ready()));
    await expectEverythingDelivered(what, crm, consumer, loads);
    expect(loads.unanswered).toEqual([]);
  }

  async function deliver(count: number): Promise<void> {
    const goal = consumer.account.distinct + count;
    await until(() => consumer.account.distinct >= goal, RECOVERS_WITHIN_MS);
  }

  /** Imports a deal, which a job does. */
  async function runJob(): Promise<void> {
    const admin = crm.user(apis[0]!, ['ROLE_ADMIN']);
    const file = csvOf(['client_id', 'title', 'next_review_at'], [[await admin.addClient(), 'КАСКО', FAR_DAY]]);
    const { status, body } = await admin.upload<ShownImport>('/imports/deals?mode=good_rows', file);
    expect(status).toBe(202);
    const state = async (): Promise<string> => (await admin.get<ShownImport>(`/imports/${body.id}`)).body.state;
    await until(async () => (await state()) === 'done', RECOVERS_WITHIN_MS);
  }

  it(
    'deliver every event when the node of RabbitMQ that leads the queue is killed',
    withFailureOutput(async () => {
      const what = 'RabbitMQ: node of the leader killed';
      const leader = await rabbitmq.leaderOf(QUEUE);
      const loads = await beginLoads();
      await deliver(20);
      await expectRecovery(loads, { what, cause: () => leader.kill(), recovered: () => deliver(100) });
      expect(await rabbitmq.leaderOf(QUEUE)).not.toBe(leader);
      await expectNothingLost(what, loads);
      expect(loads.refused).toEqual([]);
    }),
  );

  it(
    'run jobs again when the master of Redis is killed, and accept writes meanwhile',
    withFailureOutput(async () => {
      const what = 'Redis: master killed';
      const master = await redis.master();
      await runJob();
      const loads = await beginLoads();
      await expectRecovery(loads, { what, cause: () => master.kill(), recovered: runJob });
      expect(await redis.master()).not.toBe(master);
      await expectNothingLost(what, loads);
      expect(loads.refused).toEqual([]);
    }),
  );

  it(
    'have every acknowledged change when the primary of PostgreSQL is killed and its standby promoted',
    withFailureOutput(async () => {
      const what = 'PostgreSQL: primary killed';
      const loads = await beginLoads();
      await expectRecovery(loads, { what, cause: () => postgres.failOver(), recovered: () => deliver(100) });
      await expectNothingLost(what, loads);
      expect(loads.refused.filter(({ status }) => status !== 503)).toEqual([]);
      await runJob();
    }),
  );
});
