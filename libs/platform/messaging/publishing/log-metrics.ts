import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import { Database } from '#platform/persistence';
import { type ReaderLag, readerLags, unsequenced } from './log-lag.js';
import { ParkedEvents } from './parking/parked-events.js';

/** Metrics of the log: how far each reader is behind. */
@Injectable()
export class LogMetrics implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: Metrics,
    private readonly database: Database,
    private readonly parked: ParkedEvents,
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
    const parked = 'Events that RabbitMQ refused, and those behind them in their stream';
    this.metrics.observedRows('crm_parked_events', parked, ['type'], async () =>
      (await this.parked.counts()).map(({ type, events }) => ({ labels: { type }, value: events })),
    );
    this.perReader('crm_log_lag_events', 'Events that a reader of the log has not processed yet', ({ lag }) => lag);
    this.perReader('crm_log_oldest_unread_seconds', 'Age of the oldest of them', ({ age }) => age);
  }

  private perReader(name: string, help: string, value: (row: ReaderLag) => number): void {
    this.metrics.observedRows(name, help, ['reader'], async () => {
      const rows = await readerLags((statement) => this.database.query(statement));
      return rows.map((row) => ({ labels: { reader: row.name }, value: value(row) }));
    });
  }
}
