export { ClientsHttpModule, ClientsModule } from './clients.module.js';
export { AddClientCommand } from './commands/add-client.command.js';
export { CLIENT_EVENT_TYPES } from './client.event-types.js';
