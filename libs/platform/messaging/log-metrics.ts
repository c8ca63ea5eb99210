import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import { Database } from '#platform/persistence';
import { UNROUTED } from './broker-topology.js';
import { type ReaderLag, readerLags, unsequenced } from './log-lag.js';

/** What an operator watches of the log: how far each reader is behind, and what nobody bound. */
@Injectable()
export class LogMetrics implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: Metrics,
    private readonly database: Database,
    @Optional() private readonly amqp?: AmqpConnection,
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.observedGauge(
      'crm_log_unsequenced_events',
      'Committed events without a position yet',
      [],
      async (gauge) => {
        gauge.set((await unsequenced((statement) => this.database.query(statement))).count);
      },
    );
    this.perReader('crm_log_lag_events', 'Events a reader of the log has still to deal with', ({ lag }) => lag);
    this.perReader('crm_log_oldest_unread_seconds', 'Age of the oldest of them', ({ age }) => age);
    const amqp = this.amqp;
    if (!amqp) return;
    this.metrics.observedGauge('crm_unrouted_messages', 'Events that no queue was bound for', [], async (gauge) => {
      gauge.set((await amqp.channel.checkQueue(UNROUTED)).messageCount);
    });
  }

  private perReader(name: string, help: string, value: (row: ReaderLag) => number): void {
    this.metrics.observedGauge(name, help, ['reader'], async (gauge) => {
      for (const row of await readerLags((statement) => this.database.query(statement)))
        gauge.set({ reader: row.name }, value(row));
    });
  }
}
