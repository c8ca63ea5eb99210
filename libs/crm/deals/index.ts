export { AssignDealCommand } from './commands/assign-deal.command.js';
export { ChangeDealStageCommand } from './commands/change-deal-stage.command.js';
export { OpenDealCommand } from './commands/open-deal.command.js';
export { ReviseDealCommand } from './commands/revise-deal.command.js';
export { DealsHttpModule, DealsModule, DealsWorkerModule } from './deals.module.js';
export { DEAL_EVENT_TYPES } from './deal.event-types.js';
