export { ClientsHttpModule, ClientsModule } from './clients.module.js';
export { AddClientCommand } from './commands/add-client.command.js';
