export { ImportsHttpModule, ImportsWorkerModule } from './imports.module.js';
