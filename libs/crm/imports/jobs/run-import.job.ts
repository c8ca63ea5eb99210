import { Injectable } from '@nestjs/common';
import { type HandlesJobs, JobHandler, type JobRequest, type JobRun } from '#platform/jobs';
import { ImportRunner } from '../import-runner.js';
import { IMPORTS, RUN_IMPORT } from './imports.queue.js';

/** Imports one file. */
@Injectable()
@JobHandler({ queue: IMPORTS, name: RUN_IMPORT, transactional: false })
export class RunImportJob implements HandlesJobs<{ import_id: string }> {
  constructor(private readonly runner: ImportRunner) {}

  handle({ payload }: JobRequest<{ import_id: string }>, run: JobRun): Promise<void> {
    return this.runner.run(payload.import_id, run);
  }
}
