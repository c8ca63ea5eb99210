export { AssignDealCommand } from './commands/assign-deal.command.js';
export { ChangeDealStageCommand } from './commands/change-deal-stage.command.js';
export { OpenDealCommand } from './commands/open-deal.command.js';
export { ReviseDealCommand } from './commands/revise-deal.command.js';
export { DealResource } from './deal.dto.js';
export { DEAL_REVIEWS } from './jobs/deal-reviews.queue.js';
export { DealsHttpModule, DealsModule, DealsWorkerModule } from './deals.module.js';
export { DealAccessQuery, type DealAccess } from './queries/deal-access.query.js';
export { GetDealQuery } from './queries/get-deal.query.js';
