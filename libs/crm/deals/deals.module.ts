import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RemindersModule } from '#platform/reminders';
import { AssignDealHandler } from './commands/assign-deal.command.js';
import { ChangeDealStageHandler } from './commands/change-deal-stage.command.js';
import { DeleteDealHandler } from './commands/delete-deal.command.js';
import { MoveDealsHandler } from './commands/move-deals.command.js';
import { OpenDealHandler } from './commands/open-deal.command.js';
import { ReviseDealHandler } from './commands/revise-deal.command.js';
import { DealExportsController } from './exports/deal-exports.controller.js';
import { DEAL_REVIEWS } from './reminders/deal-reviews.js';
import { Deal } from './deal.entity.js';
import { DealImporter } from './imports/deal-importer.js';
import { DealRepository } from './deal.repository.js';
import { DealsController } from './deals.controller.js';
import { DealsPublisher } from './deals.publisher.js';
import { DealAccessHandler } from './queries/deal-access.query.js';
import { DealFactsHandler, DealInScopeHandler } from './queries/deal-in-scope.query.js';
import { DealParticipantsHandler } from './queries/deal-participants.query.js';
import { DealsOfClientHandler } from './queries/deals-of-client.query.js';
import { ExportDealsHandler } from './queries/export-deals.query.js';
import { GetDealHandler } from './queries/get-deal.query.js';
import { ListDealsHandler } from './queries/list-deals.query.js';
import { StageMetricsHandler } from './queries/stage-metrics.query.js';

const COMMANDS = [
  OpenDealHandler,
  ReviseDealHandler,
  ChangeDealStageHandler,
  AssignDealHandler,
  DeleteDealHandler,
  MoveDealsHandler,
];
const QUERIES = [
  ExportDealsHandler,
  GetDealHandler,
  DealAccessHandler,
  ListDealsHandler,
  StageMetricsHandler,
  DealParticipantsHandler,
  DealInScopeHandler,
  DealFactsHandler,
  DealsOfClientHandler,
];

/** What a deal is and can do. */
@Module({
  imports: [TypeOrmModule.forFeature([Deal])],
  providers: [DealRepository, DealImporter, DealsPublisher, ...COMMANDS, ...QUERIES],
})
export class DealsModule {}

/** Its routes. */
@Module({ imports: [DealsModule], controllers: [DealsController, DealExportsController] })
export class DealsHttpModule {}

/** Background work for deals. */
@Module({ imports: [DealsModule, RemindersModule.forFeature(DEAL_REVIEWS)] })
export class DealsWorkerModule {}
