import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import { Database, statement } from '#platform/persistence';
import { UNROUTED } from './broker.js';

const LAG = statement(
  `SELECT c.name, (s.position - c.position)::int AS lag,
     coalesce(extract(epoch FROM now() -
       (SELECT time FROM crm.event_log e WHERE e.position > c.position ORDER BY e.position LIMIT 1)), 0)::float8 AS age
   FROM (SELECT name, position FROM crm.event_cursors WHERE name <> 'sequencer' UNION ALL
     SELECT 'bookmark/' || name, position FROM crm.event_bookmarks) c, crm.event_cursors s WHERE s.name = 'sequencer'`,
);
const UNSEQUENCED = statement('SELECT count(*)::int AS count FROM crm.event_log WHERE position IS NULL');

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
        const row = await this.database.first<{ count: number }>(UNSEQUENCED);
        gauge.set(row?.count ?? 0);
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
      for (const row of await this.database.query<ReaderLag>(LAG)) gauge.set({ reader: row.name }, value(row));
    });
  }
}

interface ReaderLag {
  readonly name: string;
  /** Events. */
  readonly lag: number;
  /** Seconds. */
  readonly age: number;
}
