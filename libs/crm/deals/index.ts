export { DealsHttpModule, DealsModule, DealsWorkerModule } from './deals.module.js';
