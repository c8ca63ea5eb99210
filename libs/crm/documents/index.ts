export { LinkDocumentCommand } from './commands/link-document.command.js';
export { DocumentsHttpModule, DocumentsModule } from './documents.module.js';
export { DOCUMENT_EVENT_TYPES } from './document.event-types.js';
