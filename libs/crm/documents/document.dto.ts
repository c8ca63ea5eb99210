import { ApiProperty } from '@nestjs/swagger';
import { EnumField, ListQuery, MomentField, SortField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { DOCUMENT_OWNERS, type DocumentLinkView, type DocumentOwner } from './contracts.js';
import { DOCUMENT_LIST } from './queries/list-documents.query.js';

const TITLE = { min: 1, max: 255, nullable: true, example: 'Полис КАСКО, скан' } as const;

/** Body of POST …/documents. */
export class LinkDocumentDto {
  @UuidField({ description: 'Id in the Documents service.' })
  document_id!: string;

  @TextField({ ...TITLE, optional: true })
  title?: string | null;
}

/** Filters of a list of links to documents. */
export class ListDocumentsDto extends ListQuery {
  @SortField(DOCUMENT_LIST)
  sort?: string;

  @MomentField()
  created_from?: string;

  @MomentField()
  created_to?: string;
}

/** A link to a document of the Documents service. */
export class DocumentLinkResource implements DocumentLinkView {
  @UuidField()
  readonly id!: string;

  @EnumField(DOCUMENT_OWNERS)
  readonly owner_type!: DocumentOwner;

  @UuidField()
  readonly owner_id!: string;

  @UuidField({ description: 'Id in the Documents service.' })
  readonly document_id!: string;

  @TextField(TITLE)
  readonly title!: string | null;

  @UuidField()
  readonly created_by_id!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;
}
