import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import { DataSource } from 'typeorm';

/** How the connections to PostgreSQL stand. */
@Injectable()
export class PoolMetrics implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.metrics.observedGauge('crm_database_connections', 'Pooled connections by state', ['state'], (gauge) => {
      const pool = (this.dataSource.driver as unknown as { master: PoolCounts }).master;
      gauge.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      gauge.set({ state: 'idle' }, pool.idleCount);
      gauge.set({ state: 'awaited' }, pool.waitingCount);
    });
  }
}

interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}
