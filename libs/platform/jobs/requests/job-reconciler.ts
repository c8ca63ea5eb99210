import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkerSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { Database, Lease } from '#platform/persistence';
import { JobUpkeep } from '../job-upkeep.js';
import { Throttle } from '../processing/throttle.js';

/**
 * Runs the {@link JobUpkeep} at the start and from time to time, in one worker at a time. Each of its steps may be run
 * by two at once, so its lease needs no fence.
 */
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

  /** Resolves when the current run has ended. */
  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  /** Runs once, unless another worker has the lease. */
  async run(): Promise<void> {
    try {
      const client = await this.database.connect('crm-job-reconciler');
      await Lease.runExclusive(client, 'job-upkeep', () => this.upkeep.run(), undefined);
    } catch (error) {
      if (this.complaints.allows('lease')) this.log.warn({ err: error }, 'jobs not reconciled');
    }
  }
}
