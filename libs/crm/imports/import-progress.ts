import { Injectable } from '@nestjs/common';
import type { JobRun } from '#platform/jobs';
import { EventLog } from '#platform/messaging';
import { Log } from '#platform/observability';
import { UnitOfWork } from '#platform/persistence';
import { IMPORT_PROGRESS } from './import.event-types.js';
import { ImportRepository } from './import.repository.js';
import { ImportViews } from './import-views.js';

/** Between two tellings of a run that goes on; its phases and its end are told at once. */
const TELL_EVERY_MS = 2_000;

/** Tells of one run, while it lasts. */
export interface ProgressLine {
  /** Tells now, in the open unit of work: the telling commits with what it tells of. */
  tell(): Promise<void>;
  /** Something has changed, to be told with what else changes meanwhile. @param rowsDone when the run's row can't say so yet. */
  changed(rowsDone?: number): void;
  /** Resolves when nothing is being told any more. */
  close(): Promise<void>;
}

/** Tells of imports that run: on the log, and so on RabbitMQ and to admins' streams, and on the Bull job. */
@Injectable()
export class ImportProgress {
  constructor(
    private readonly imports: ImportRepository,
    private readonly views: ImportViews,
    private readonly eventLog: EventLog,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: Log,
  ) {}

  /** Call it outside of any unit of work: what it tells by itself must not wait for the end of one. */
  open(id: string, report: JobRun['report']): ProgressLine {
    let [isChanged, rowsShown] = [false, undefined as number | undefined];
    let telling: Promise<void> | undefined;
    const tell = async (): Promise<void> => report(await this.tell(id));
    // The run's row stays locked until it is told, so that nothing is told after the end.
    const tellBetween = async (): Promise<void> => {
      isChanged = false;
      await this.unitOfWork.run(async () => {
        if (await this.imports.show(id, rowsShown)) await tell();
      });
    };
    const timer = setInterval(() => {
      if (!isChanged || telling) return;
      telling = tellBetween()
        .catch((error: unknown) => this.log.warn({ err: error, import_id: id }, 'progress of an import not told'))
        .finally(() => (telling = undefined));
    }, TELL_EVERY_MS);
    return {
      tell: async () => {
        [isChanged, rowsShown] = [false, undefined];
        await tell();
      },
      changed: (rowsDone) => {
        isChanged = true;
        rowsShown = rowsDone;
      },
      close: async () => {
        clearInterval(timer);
        await telling;
      },
    };
  }

  private async tell(id: string): Promise<object> {
    const view = await this.views.get(id);
    const { created_by_id: actorId, id: import_id, ...counts } = view;
    const data = { import_id, ...counts };
    const events = [IMPORT_PROGRESS.fact(data)];
    await this.eventLog.append([{ stream: `imports/${id}`, actorId, audience: [], events }], view.updated_at);
    return data;
  }
}
