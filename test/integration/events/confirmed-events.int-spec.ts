import { newId } from '#platform/kernel';
import { until } from '#platform/testing';
import pg from 'pg';
import { PublishingService } from '../../support/broker/publishing-service.js';
import { QueueDeliveries } from '../../support/broker/queue-deliveries.js';

const EVENTS = 50;
const CURSOR = `SELECT position FROM crm.event_cursors WHERE name = 'rabbitmq'`;
const PUBLISHERS = `FROM pg_stat_activity WHERE application_name = 'crm-publisher' AND datname = current_database()`;

describe('an event that RabbitMQ has confirmed', () => {
  let service: PublishingService;
  let deliveries: QueueDeliveries;
  let other: pg.Client;

  beforeAll(async () => {
    service = await PublishingService.open();
    await service.start();
    deliveries = await QueueDeliveries.of(service.channel, await service.bind(['#']));
    other = new pg.Client({ connectionString: service.database.url });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await service.close();
  });

  const append = (count: number) =>
    service.append('deal.created', ...Array.from({ length: count }, () => `deals/${newId()}`));

  it('is not sent again by the same process when it lost PostgreSQL before it could save the cursor', async () => {
    await append(1);
    await service.published();
    await other.query('BEGIN');
    const { rows: before } = await other.query<{ position: string }>(`${CURSOR} FOR UPDATE`);
    const ids = await append(EVENTS);
    await until(() => ids.every((id) => deliveries.ids.has(id)));
    // The publisher waits for the lock of the cursor.
    await until(
      async () => (await service.database.rows(`SELECT pid ${PUBLISHERS} AND wait_event_type = 'Lock'`)).length > 0,
    );
    await service.database.rows(`SELECT pg_terminate_backend(pid) ${PUBLISHERS}`);
    expect(await service.database.rows(CURSOR)).toEqual(before);
    await other.query('COMMIT');
    const [last] = await append(1);
    await until(() => deliveries.ids.has(last!));
    await service.published();
    expect(deliveries.events).toHaveLength(EVENTS + 2);
  });
});
