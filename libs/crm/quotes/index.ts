export { AddQuoteCommand } from './commands/add-quote.command.js';
export { ChangeQuoteStatusCommand } from './commands/change-quote-status.command.js';
export { DraftPolicyCommand } from './commands/draft-policy.command.js';
export { QuotesHttpModule, QuotesModule, QuotesWorkerModule } from './quotes.module.js';
export { QUOTE_EVENT_TYPES } from './quote.event-types.js';
export { QUOTE_QUEUES } from './reminders/quote-expiries.js';
