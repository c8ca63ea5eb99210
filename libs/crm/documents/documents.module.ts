import { Module } from '@nestjs/common';
import { LinkDocumentHandler } from './commands/link-document.command.js';
import { MoveClientDocumentsHandler } from './commands/move-client-documents.command.js';
import { UnlinkDocumentHandler } from './commands/unlink-document.command.js';
import { DocumentOwners } from './document-owners.js';
import { DocumentsControllers } from './documents.controller.js';
import { ListDocumentsHandler } from './queries/list-documents.query.js';

/** Links to the Documents service's documents. */
@Module({
  providers: [
    DocumentOwners,
    LinkDocumentHandler,
    UnlinkDocumentHandler,
    MoveClientDocumentsHandler,
    ListDocumentsHandler,
  ],
})
export class DocumentsModule {}

/** Their routes. */
@Module({ imports: [DocumentsModule], controllers: DocumentsControllers })
export class DocumentsHttpModule {}
