export { ClientsHttpModule, ClientsModule } from './clients.module.js';
