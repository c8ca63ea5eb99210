export { ClientsHttpModule, ClientsModule, ClientsWorkerModule } from './clients.module.js';
export { backfillPhoneKeys } from './contacts/phone-key-backfill.js';
export { AddClientCommand } from './commands/add-client.command.js';
export { withInnControlDigit } from './contacts/tax-id.js';
export { CLIENT_EVENT_TYPES } from './client.event-types.js';
