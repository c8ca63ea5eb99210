import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import type { ChannelModel } from 'amqplib';
import { depthOf, UNROUTED } from './broker-topology.js';
import { deadQueueOf } from './queue-names.js';
import { Subscriptions } from '../subscribing/subscriptions.js';

/** Metrics of the queues whose messages wait for an operator. */
@Injectable()
export class BrokerMetrics implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: Metrics,
    private readonly amqp: AmqpConnection,
    private readonly subscriptions: Subscriptions,
  ) {}

  onApplicationBootstrap(): void {
    const unrouted = 'Events in crm.unrouted, which no queue was bound for';
    this.metrics.observedGauge('crm_unrouted_messages', unrouted, [], async (gauge) => {
      gauge.set(await this.depth(UNROUTED));
    });
    const dead = 'Messages that a subscriber could not handle, in <queue>.dead';
    this.metrics.observedGauge('crm_dead_letters', dead, ['queue'], async (gauge) => {
      for (const { subscription } of this.subscriptions.all()) {
        gauge.set({ queue: subscription.queue }, await this.depth(deadQueueOf(subscription.queue)));
      }
    });
  }

  private async depth(queue: string): Promise<number> {
    return (await depthOf(this.amqp.connection as unknown as ChannelModel, queue)) ?? 0;
  }
}
