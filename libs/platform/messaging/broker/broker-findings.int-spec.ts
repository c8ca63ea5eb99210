import { newId } from '#platform/kernel';
import { testServer } from '#platform/testing';
import { stateOf } from './broker-findings.js';
import { onChannel, withBroker } from './broker-topology.js';

describe('the comparison of an exchange with its declaration', () => {
  const url = testServer('CRM_TEST_RABBITMQ_URL');
  const name = `test.${newId()}`;

  beforeAll(() =>
    withBroker(url, (connection) => onChannel(connection, (channel) => channel.assertExchange(name, 'topic'))),
  );
  afterAll(() => withBroker(url, (connection) => onChannel(connection, (channel) => channel.deleteExchange(name))));

  it('reports what RabbitMQ refuses with 406 as a difference', async () => {
    const state = await withBroker(url, (connection) => stateOf(connection, { name, type: 'fanout' }));
    expect(state).toEqual({ difference: expect.stringContaining("inequivalent arg 'type'") });
  });

  it('fails when the connection ends instead', async () => {
    // RabbitMQ closes the connection when it does not know the type.
    const declaration = { name, type: 'no-such-type' as 'topic' };
    const compared = withBroker(url, (connection) => stateOf(connection, declaration));
    await expect(compared).rejects.toThrow('Channel ended');
  });
});
