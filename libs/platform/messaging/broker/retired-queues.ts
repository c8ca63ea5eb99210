import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ConfirmChannel } from 'amqplib';

/** Queues of subscribers of earlier releases, which a projection replaces: nothing would consume them any more. */
const RETIRED = ['deal-reviews', 'quote-expiries', 'policy-reminders', 'payment-reminders'].flatMap((name) => [
  `crm.worker.${name}`,
  `crm.worker.${name}.dead`,
]);

/** Deletes what earlier releases declared on RabbitMQ and this one does not use. */
@Injectable()
export class RetiredQueues implements OnApplicationBootstrap {
  constructor(private readonly amqp: AmqpConnection) {}

  /** RabbitMQ answers the same for a queue that does not exist. */
  async onApplicationBootstrap(): Promise<void> {
    await this.amqp.managedChannel.addSetup(async (channel: ConfirmChannel) => {
      for (const queue of RETIRED) await channel.deleteQueue(queue);
    });
  }
}
