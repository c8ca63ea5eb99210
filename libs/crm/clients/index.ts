export { ClientsHttpModule, ClientsModule, ClientsWorkerModule } from './clients.module.js';
export { backfillPhoneKeys } from './phone-key-backfill.js';
export { AddClientCommand } from './commands/add-client.command.js';
export { withInnControlDigit } from './tax-id.js';
export { CLIENT_EVENT_TYPES } from './client.event-types.js';
