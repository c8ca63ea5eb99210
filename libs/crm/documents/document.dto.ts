import { ApiProperty } from '@nestjs/swagger';
import { EnumField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { DOCUMENT_OWNERS, type DocumentLinkView, type DocumentOwner } from './contracts.js';

const TITLE = { min: 1, max: 255, nullable: true, example: 'Полис КАСКО, скан' } as const;

/** Body of POST …/documents. */
export class LinkDocumentDto {
  @UuidField({ description: 'Id in the Documents service.' })
  document_id!: string;

  @TextField({ ...TITLE, optional: true })
  title?: string | null;
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
