import { Body, Controller, Delete, Get, HttpCode, Post, Query, type Type } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import {
  dateRanges,
  Idempotent,
  type ListAnswer,
  PageOf,
  pageRequest,
  Problems,
  toPage,
  UuidParam,
} from '#platform/http';
import type { Caller } from '#platform/kernel';
import { LinkDocumentCommand } from './commands/link-document.command.js';
import { UnlinkDocumentCommand } from './commands/unlink-document.command.js';
import type { DocumentLinkView, DocumentOwner } from './contracts.js';
import { DocumentLinkResource, LinkDocumentDto, ListDocumentsDto } from './document.dto.js';
import { DOCUMENT_LIST, ListDocumentsQuery } from './queries/list-documents.query.js';

/** The same three routes under each kind of owner. */
function documentsOf(ownerType: DocumentOwner, collection: string): Type {
  @ApiTags('documents')
  @Controller(`${collection}/:id/documents`)
  @Problems({ 404: [`${ownerType}_not_found`] })
  class DocumentsController {
    constructor(
      private readonly commands: CommandBus,
      private readonly queries: QueryBus,
    ) {}

    @Get()
    @ApiOperation({ summary: `Documents of a ${ownerType}, the oldest link first` })
    @ApiOkResponse({ type: PageOf(DocumentLinkResource) })
    async list(
      @CurrentCaller() caller: Caller,
      @UuidParam() id: string,
      @Query() query: ListDocumentsDto,
    ): Promise<ListAnswer<DocumentLinkView>> {
      const page = pageRequest(query, DOCUMENT_LIST);
      const list = new ListDocumentsQuery(caller, ownerType, id, dateRanges(query, DOCUMENT_LIST), page);
      return toPage(await this.queries.execute(list), page.order);
    }

    @Post()
    @Idempotent()
    @ApiOperation({ summary: `Link a document to a ${ownerType}` })
    @ApiCreatedResponse({ type: DocumentLinkResource })
    @Problems({ 409: ['document_already_linked'] })
    async link(
      @CurrentCaller() caller: Caller,
      @UuidParam() id: string,
      @Body() { document_id: documentId, title = null }: LinkDocumentDto,
    ): Promise<DocumentLinkView> {
      return this.commands.execute(new LinkDocumentCommand(caller, ownerType, id, documentId, title));
    }

    @Delete(':document_id')
    @HttpCode(204)
    @ApiOperation({ summary: `Take the link to a document off a ${ownerType}` })
    @Problems({ 404: [`${ownerType}_not_found`, 'document_not_linked'] })
    async unlink(
      @CurrentCaller() caller: Caller,
      @UuidParam() id: string,
      @UuidParam('document_id') documentId: string,
    ): Promise<void> {
      await this.commands.execute(new UnlinkDocumentCommand(caller, ownerType, id, documentId));
    }
  }
  // OpenAPI's operation ids carry the class's name.
  Object.defineProperty(DocumentsController, 'name', {
    value: `${ownerType[0]!.toUpperCase()}${ownerType.slice(1)}DocumentsController`,
  });
  return DocumentsController;
}

export const DocumentsControllers = [
  documentsOf('deal', 'deals'),
  documentsOf('policy', 'policies'),
  documentsOf('client', 'clients'),
];
