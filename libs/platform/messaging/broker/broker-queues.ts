import { Injectable } from '@nestjs/common';
import { BrokerSettings } from '#platform/config';
import { DomainError } from '#platform/kernel';
import type { ChannelModel } from 'amqplib';
import { connectToBroker } from './broker-topology.js';

/** AMQP's reply code. */
const NOT_FOUND = 404;

/** Checks queues of RabbitMQ over a short-lived connection, for processes without a permanent one. */
@Injectable()
export class BrokerQueues {
  constructor(private readonly settings: BrokerSettings) {}

  /** @throws DomainError `queue_not_found`, `broker_not_configured`, `broker_unavailable`. */
  async require(queue: string): Promise<void> {
    const { url, confirmTimeoutMs } = this.settings;
    if (!url) {
      const fact = 'This service runs without RabbitMQ, so there is no queue to send to: read the feed instead.';
      throw new DomainError('conflict', 'broker_not_configured', fact);
    }
    const { connection } = await connectToBroker(url, confirmTimeoutMs).catch(() => {
      throw brokerUnavailable();
    });
    try {
      await check(connection, queue);
    } finally {
      await connection.close().catch(() => undefined);
    }
  }
}

async function check(connection: ChannelModel, queue: string): Promise<void> {
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.checkQueue(queue);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw brokerUnavailable();
    throw new DomainError('not_found', 'queue_not_found', `There is no queue ${queue}: its consumer declares it.`);
  }
}

function brokerUnavailable(): DomainError {
  return new DomainError('unavailable', 'broker_unavailable', 'RabbitMQ does not answer: try again in a moment.');
}
