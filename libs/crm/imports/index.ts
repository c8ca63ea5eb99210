export { IMPORT_EVENT_TYPES } from './import.event-types.js';
export { ImportsHttpModule, ImportsWorkerModule } from './imports.module.js';
export { IMPORTS } from './jobs/imports.queue.js';
