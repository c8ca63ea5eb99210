import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkerSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { ADVISORY_LOCKS, Database } from '#platform/persistence';
import { JobUpkeep } from './job-upkeep.js';
import { Throttle } from './throttle.js';

/** Runs the {@link JobUpkeep} at the start and from time to time, in one worker at a time. */
@Injectable()
export class JobReconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly complaints = new Throttle();
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly database: Database,
    private readonly upkeep: JobUpkeep,
    private readonly settings: WorkerSettings,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.current = this.run().finally(() => {
      if (!this.isStopped) this.timer = setTimeout(() => this.onApplicationBootstrap(), this.settings.reconcileMs);
    });
  }

  /** Resolves when a run in hand has ended. */
  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  /** One run, unless another worker is at it. */
  async run(): Promise<void> {
    try {
      await this.alone(() => this.upkeep.run());
    } catch (error) {
      if (this.complaints.allows('lock')) this.log.warn({ err: error }, 'jobs not reconciled');
    }
  }

  /** The lock lives as long as its connection, so that nothing a worker dies of keeps it. */
  private async alone(work: () => Promise<void>): Promise<void> {
    const client = await this.database.connect('crm-job-reconciler');
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [
        ADVISORY_LOCKS.reconciler,
      ]);
      if (rows[0]?.won) await work();
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
