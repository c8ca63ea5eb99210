import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { Readiness } from '#platform/http';
import { JobCounts } from '#platform/jobs';
import { LogPartitions, RabbitSubscriptions } from '#platform/messaging';
import { Metrics } from '#platform/observability';

/** Health checks and metrics of the worker, beside those of its database. */
@Injectable()
export class WorkerChecks implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
    private readonly jobs: JobCounts,
    private readonly partitions: LogPartitions,
    @Optional() private readonly subscriptions?: RabbitSubscriptions,
  ) {}

  onModuleInit(): void {
    const subscriptions = this.subscriptions;
    if (subscriptions) {
      this.readiness.add({
        name: 'rabbitmq',
        check: () => {
          if (!subscriptions.isConnected) throw new Error('RabbitMQ can’t be reached: events wait in the log');
          if (!subscriptions.areBound) throw new Error('not every subscriber has its consumer');
        },
      });
    }
    this.readiness.add({ name: 'partitions', check: () => this.partitions.require() });
    this.metrics.observedGauge('crm_jobs', 'Bull jobs by queue and state', ['queue', 'state'], async (gauge) => {
      for (const [queue, counts] of Object.entries(await this.jobs.collect())) {
        for (const [state, count] of Object.entries({ ...counts })) gauge.set({ queue, state }, count);
      }
    });
  }
}
