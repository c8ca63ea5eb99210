import { Injectable } from '@nestjs/common';
import type { JobRun } from '#platform/jobs';
import { EventLog } from '#platform/messaging';
import { Log } from '#platform/observability';
import { UnitOfWork } from '#platform/persistence';
import { IMPORT_PROGRESS } from './import.event-types.js';
import { ImportRepository } from './import.repository.js';
import { ImportViews } from './import-views.js';

/** Interval between progress events of a run; its phases and its end are published at once. */
const TELL_EVERY_MS = 2_000;

/** Publishes the progress of one run. */
export interface ProgressLine {
  /** Publishes now, in the open unit of work, so that the event commits with its cause. */
  publish(): Promise<void>;
  /** Schedules an event for this and other recent changes. @param rowsDone when the run's row can't say so yet. */
  changed(rowsDone?: number): void;
  /** Resolves when no event is being published. */
  close(): Promise<void>;
}

/** Publishes the progress of imports: in the event log, and on the Bull job. */
@Injectable()
export class ImportProgress {
  constructor(
    private readonly imports: ImportRepository,
    private readonly views: ImportViews,
    private readonly eventLog: EventLog,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: Log,
  ) {}

  /** Call it outside of any unit of work: scheduled events must not wait for the end of one. */
  open(id: string, report: JobRun['report']): ProgressLine {
    let [isChanged, rowsShown] = [false, undefined as number | undefined];
    let publishing: Promise<void> | undefined;
    const publish = async (): Promise<void> => report(await this.publish(id));
    // The run's row stays locked until the event is written, so that no event follows the end.
    const publishBetween = async (): Promise<void> => {
      isChanged = false;
      await this.unitOfWork.run(async () => {
        if (await this.imports.show(id, rowsShown)) await publish();
      });
    };
    const timer = setInterval(() => {
      if (!isChanged || publishing) return;
      publishing = publishBetween()
        .catch((error: unknown) => this.log.warn({ err: error, import_id: id }, 'progress of an import not published'))
        .finally(() => (publishing = undefined));
    }, TELL_EVERY_MS);
    return {
      publish: async () => {
        [isChanged, rowsShown] = [false, undefined];
        await publish();
      },
      changed: (rowsDone) => {
        isChanged = true;
        rowsShown = rowsDone;
      },
      close: async () => {
        clearInterval(timer);
        await publishing;
      },
    };
  }

  private async publish(id: string): Promise<object> {
    const view = await this.views.get(id);
    const { created_by_id: actorId, id: import_id, ...counts } = view;
    const data = { import_id, ...counts };
    const events = [IMPORT_PROGRESS.fact(data)];
    await this.eventLog.append([{ stream: `imports/${id}`, actorId, audience: [], events }], view.updated_at);
    return data;
  }
}
