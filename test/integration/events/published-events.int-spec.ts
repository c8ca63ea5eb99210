import type { INestApplicationContext } from '@nestjs/common';
import type { DealView } from '#crm/deals/contracts';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { EventCaptor, startTestModule, testEnvironment, testServer, type TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

describe('published events', () => {
  let crm: Crm;
  let publisher: INestApplicationContext;
  let captor: EventCaptor;
  let seller: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    const rabbitmqUrl = testServer('CRM_TEST_RABBITMQ_URL');
    // Other tests use the same broker.
    const exchange = `test.${newId()}`;
    const env = testEnvironment({ databaseUrl: crm.database.url, rabbitmqUrl }, { CRM_EVENTS_EXCHANGE: exchange });
    publisher = await startTestModule(env, {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: true })],
    });
    captor = await EventCaptor.open({ url: rabbitmqUrl, exchange, keys: ['deal.#'] });
  });
  afterAll(async () => {
    await captor.close();
    await publisher.close();
    await crm.stop();
  });

  const eventsOf = async (id: string, count: number) =>
    captor.waitForCount(count, ({ envelope }) => envelope.subject === `deals/${id}`);

  it('of a deal equal the log, in an envelope with stream and version', async () => {
    const { body: deal, headers } = await seller.post<DealView>('/deals', {
      client_id: (await crm.client(seller)).id,
      title: 'КАСКО «Ромашка» 😀',
      next_review_at: '2026-03-10',
    });
    const [event] = await eventsOf(deal.id, 1);
    const [logged] = await crm.events(`deals/${deal.id}`);
    expect(event).toEqual({
      routingKey: 'deal.created',
      contentType: 'application/cloudevents+json; charset=utf-8',
      messageId: logged!.id,
      headers: expect.objectContaining({ event: 'deal.created', cloudEvents_id: logged!.id }),
      envelope: {
        specversion: '1.0',
        id: logged!.id,
        source: '/crm',
        type: 'crm.deal.created',
        subject: `deals/${deal.id}`,
        time: crm.clock.now(),
        datacontenttype: 'application/json',
        dataschema: 'https://crm.example/api/v1/schemas/crm.deal.created',
        partitionkey: `deals/${deal.id}`,
        streamversion: 1,
        position: expect.stringMatching(/^[1-9]\d*$/),
        actorid: seller.id,
        traceparent: headers.traceparent,
        data: logged!.data,
      },
    });
    expect(event!.envelope.data).toEqual({ deal_id: deal.id, client_id: deal.client_id, deal });
  });

  it('of many deals are delivered once, in the order of each deal', async () => {
    const deals = await Promise.all(Array.from({ length: 10 }, () => crm.deal(seller)));
    const act = async ({ id }: DealView, round: number) => {
      await seller.patch(`/deals/${id}`, { title: `round ${round}` });
      await seller.post(`/deals/${id}/journal`, { body: `note ${round}` });
    };
    for (let round = 0; round < 10; round++) await Promise.all(deals.map((deal) => act(deal, round)));
    for (const { id } of deals) {
      const events = await eventsOf(id, 21);
      expect(events.map(({ envelope }) => envelope.streamversion)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
      const logged = await crm.events(`deals/${id}`);
      expect(events.map(({ messageId }) => messageId)).toEqual(logged.map((row) => row.id));
    }
    const positions = captor.events.map(({ envelope }) => envelope.position);
    expect(new Set(positions).size).toBe(positions.length);
  });
});
