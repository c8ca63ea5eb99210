import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobsModule } from '#platform/jobs';
import { ReceiveImportHandler } from './commands/receive-import.command.js';
import { ImportProgress } from './import-progress.js';
import { ImportRunner } from './import-runner.js';
import { ImportViews } from './import-views.js';
import { ImportRepository } from './import.repository.js';
import { Importers } from './importers.js';
import { ImportsController } from './imports.controller.js';
import { IMPORTS } from './jobs/imports.queue.js';
import { RunImportJob } from './jobs/run-import.job.js';
import { GetImportHandler } from './queries/get-import.query.js';
import { ListImportErrorsHandler } from './queries/list-import-errors.query.js';

const STORE = [ImportRepository, ImportViews, Importers];

/** Its routes: files come in. The importers come with the domains that the application has. */
@Module({
  imports: [DiscoveryModule, JobsModule.registerQueue(IMPORTS)],
  controllers: [ImportsController],
  providers: [...STORE, ReceiveImportHandler, GetImportHandler, ListImportErrorsHandler],
})
export class ImportsHttpModule {}

/** Its job. */
@Module({
  imports: [DiscoveryModule, JobsModule.registerProcessor(IMPORTS)],
  providers: [...STORE, ImportProgress, ImportRunner, RunImportJob],
})
export class ImportsWorkerModule {}
