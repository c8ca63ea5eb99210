export { LinkDocumentCommand } from './commands/link-document.command.js';
export { DocumentsHttpModule, DocumentsModule } from './documents.module.js';
