import { until } from '#platform/testing';
import { expectEverythingDelivered } from '../support/broker/delivery-check.js';
import { type CrmUser } from '../support/crm-user.js';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { isSequenced } from '../support/events/log-audit.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { WriteLoad } from '../support/books/write-load.js';

describe('an outage of RabbitMQ', () => {
  let crm: Installation;
  let worker: Program;
  let user: CrmUser;
  let consumer: EventConsumer;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true });
    const settings = { CRM_RABBITMQ_CONFIRM_TIMEOUT_MS: '500' };
    const [api, started] = await Promise.all([crm.api(), crm.worker(settings)]);
    worker = started;
    user = crm.user(api);
    consumer = await crm.consumer('test.broker-outage');
  });

  afterAll(() => crm.discard());

  /** Checks that no request was refused or left without an answer. */
  async function everythingArrives(what: string, load: WriteLoad): Promise<void> {
    await expectEverythingDelivered(what, crm, consumer, load);
    expect(load.refused).toEqual([]);
    expect(load.unanswered).toEqual([]);
  }

  it(
    'does not stop writes, and every event is delivered in order afterwards',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user);
      await load.acknowledge(100);
      await crm.broker.stop();
      expect(await worker.readiness()).toBe(503);
      await load.acknowledge(500);
      await load.end();
      await crm.broker.start();
      await everythingArrives('RabbitMQ stopped and started', load);
    }),
  );

  it(
    'loses no event when RabbitMQ is killed under load and restarted on the same data',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 80 });
      await load.acknowledge(100);
      // Messages in flight at the kill are neither stored nor confirmed.
      process.kill(crm.broker.pid!, 'SIGSTOP');
      await load.acknowledge(50);
      await crm.broker.kill();
      await load.acknowledge(50);
      await crm.broker.start();
      await load.acknowledge(100);
      await load.end();
      await everythingArrives('RabbitMQ killed and started', load);
    }),
  );

  it(
    'publishes unconfirmed events of a hanging broker again, in the order of their streams',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 150 });
      await load.acknowledge(50);
      process.kill(crm.broker.pid!, 'SIGSTOP');
      await until(() => worker.said('publishing interrupted'));
      await load.acknowledge(100);
      process.kill(crm.broker.pid!, 'SIGCONT');
      await load.acknowledge(100);
      await load.end();
      await everythingArrives('RabbitMQ paused', load);
    }),
  );

  it(
    'publishes reminders afterwards',
    withFailureOutput(async () => {
      await worker.ready();
      const deal = await user.openDeal(await user.addClient(), '2020-01-01');
      const reminded = (): boolean =>
        consumer.messages.some(
          ({ fields, properties }) =>
            fields.routingKey === 'deal.review_due' &&
            (properties.headers as Record<string, unknown>).cloudEvents_subject === `deals/${deal.id}`,
        );
      await until(reminded);
      expect(worker.isRunning).toBe(true);
    }),
  );

  it(
    'lets a worker start and order the log, and it publishes when RabbitMQ is back',
    withFailureOutput(async () => {
      await worker.stop();
      await crm.broker.stop();
      worker.launch();
      const load = await WriteLoad.begin(user);
      await load.acknowledge(50);
      await load.end();
      await until(() => isSequenced(crm.database));
      expect(worker.said('starting without it')).toBe(true);
      expect(await worker.readiness()).toBe(503);
      await crm.broker.start();
      await everythingArrives('RabbitMQ started after the worker', load);
      await worker.ready();
    }),
  );
});
