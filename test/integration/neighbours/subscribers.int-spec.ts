import type { INestApplicationContext } from '@nestjs/common';
import type { DealView } from '#crm/deals/contracts';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { startTestModule, testEnvironment, testServer, type TestUser, until } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment } from '../../support/money.js';
import { addPolicy, addQuote } from '../../support/sale.js';
import { NeighbourService } from './neighbour-service.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('a service that subscribes to events', () => {
  const rabbitmqUrl = testServer('CRM_TEST_RABBITMQ_URL');
  let crm: Crm;
  let seller: TestUser;
  let exchange: string;
  const neighbours: NeighbourService[] = [];
  let publisher: INestApplicationContext | undefined;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
  });
  beforeEach(() => {
    // Other tests use the same broker.
    exchange = `test.${newId()}`;
  });
  afterEach(async () => {
    await Promise.all(neighbours.splice(0).map((neighbour) => neighbour.close()));
    await publisher?.close();
    publisher = undefined;
  });
  afterAll(() => crm.stop());

  async function subscribed(key = '#'): Promise<NeighbourService> {
    const subscription = { exchange, queue: `neighbour.${newId()}`, key };
    const neighbour = await NeighbourService.open(rabbitmqUrl, subscription, crm.database);
    neighbours.push(neighbour);
    return neighbour;
  }

  /** Resolves when the exchange is declared. */
  async function publishing(): Promise<void> {
    const env = testEnvironment({ databaseUrl: crm.database.url, rabbitmqUrl }, { CRM_EVENTS_EXCHANGE: exchange });
    publisher = await startTestModule(env, {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: true })],
    });
  }

  const eventsOf = async (neighbour: NeighbourService, deal: DealView) =>
    (await neighbour.stored()).filter(({ data }) => data.deal_id === deal.id);
  const received = (neighbour: NeighbourService, deal: DealView, count: number) =>
    until(async () => (await eventsOf(neighbour, deal)).length >= count);

  /** A deal with each kind of record. */
  async function sale(): Promise<{ deal: DealView; ids: string[] }> {
    const deal = await crm.deal(seller);
    await addQuote(seller, deal);
    await addPolicy(seller, { deal_id: deal.id });
    const payment = await addPayment(seller, deal);
    await addLine(seller, payment, 'incomes', { amount: '10.00', category: 'premium', posted_at: '2026-01-10' });
    await seller.post(`/deals/${deal.id}/journal`, { body: 'Called the client.' });
    return { deal, ids: (await crm.events(`deals/${deal.id}`)).map(({ id }) => id).sort() };
  }

  it.each(['before', 'after'])('declares the exchange plainly %s this service does', async (order) => {
    if (order === 'after') await publishing();
    const neighbour = await subscribed();
    if (order === 'before') await publishing();
    const { deal, ids } = await sale();
    await received(neighbour, deal, ids.length);
    expect((await eventsOf(neighbour, deal)).map(({ id }) => id).sort()).toEqual(ids);
  });

  it('stores each event once by its UUID, with source, type and time', async () => {
    const neighbour = await subscribed();
    await publishing();
    const { deal, ids } = await sale();
    await received(neighbour, deal, ids.length);
    for (const { id, source, type } of await eventsOf(neighbour, deal)) {
      expect({ id, source, type }).toEqual({
        id: expect.stringMatching(UUID),
        source: '/crm',
        type: expect.stringMatching(/^crm\.deal\./),
      });
    }
    expect(neighbour.failures).toBe(0);
  });

  it('stores each event once when it dies before it acknowledges', async () => {
    const neighbour = await subscribed();
    await publishing();
    neighbour.isDying = true;
    const { deal, ids } = await sale();
    await received(neighbour, deal, ids.length);
    const before = neighbour.deliveries;
    await neighbour.die();
    neighbour.isDying = false;
    await neighbour.connect();
    await until(() => neighbour.deliveries >= before + ids.length);
    expect((await eventsOf(neighbour, deal)).map(({ id }) => id).sort()).toEqual(ids);
  });

  it('stores each event once when it is sent again', async () => {
    const neighbour = await subscribed();
    await publishing();
    const { deal, ids } = await sale();
    await received(neighbour, deal, ids.length);
    await publisher!.close();
    // As after a crash of the publisher before its cursor was saved.
    await crm.database.rows(`UPDATE crm.event_cursors SET position = 0 WHERE name = 'rabbitmq'`);
    const before = neighbour.deliveries;
    await publishing();
    await until(() => neighbour.deliveries >= before + ids.length);
    expect((await eventsOf(neighbour, deal)).map(({ id }) => id).sort()).toEqual(ids);
  });

  it.each([
    ['audit', '#', /./],
    ['notifications', 'deal.#', /^deal\./],
    ['tasks', 'deal.payment.*', /^deal\.payment\.[a-z_]+$/],
    ['bots', 'deal.journal.appended', /^deal\.journal\.appended$/],
  ])('receives the keys that it is bound to and no others: %s by %s', async (_name, key, types) => {
    const [neighbour, all] = [await subscribed(key), await subscribed('deal.#')];
    await publishing();
    const { deal, ids } = await sale();
    const expected = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => types.test(type)).map(({ id }) => id);
    await received(all, deal, ids.length);
    await received(neighbour, deal, expected.length);
    expect((await eventsOf(neighbour, deal)).map(({ id }) => id).sort()).toEqual(expected.sort());
  });
});
