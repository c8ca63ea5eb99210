import { ApiProperty } from '@nestjs/swagger';
import { EnumField, IntegerField, ListQuery, MomentField, SortField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { JOURNAL_KINDS, type JournalEntryView, type JournalKind } from './contracts.js';
import { ENTRY_LIST } from './queries/list-all-entries.query.js';
import { JOURNAL_LIST } from './queries/list-journal.query.js';

const BODY = {
  min: 1,
  max: 5_000,
  multiline: true,
  example: 'Called the client, wants КАСКО with a franchise.',
} as const;
const HASH = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;

/** Body of POST /deals/{id}/journal. */
export class WriteNoteDto {
  @TextField(BODY)
  body!: string;

  @UuidField({
    optional: true,
    description: 'Taken from the token; may only repeat it, unless an admin or service writes.',
  })
  author_id?: string;
}

/** Filters of every list of entries. */
class EntryFilterDto extends ListQuery {
  @EnumField(JOURNAL_KINDS, { each: true, optional: true, description: 'Any of them.' })
  kind?: JournalKind[];

  @MomentField()
  created_from?: string;

  @MomentField()
  created_to?: string;
}

/** Filters of a journal. */
export class ListJournalDto extends EntryFilterDto {
  @SortField(JOURNAL_LIST)
  sort?: string;
}

/** Filters of the journals of all deals. */
export class ListAllEntriesDto extends EntryFilterDto {
  @UuidField({ optional: true, description: 'Who did it.' })
  author_id?: string;

  @UuidField({ optional: true })
  deal_id?: string;

  @SortField(ENTRY_LIST)
  sort?: string;
}

/** One entry of a deal's journal. */
export class JournalEntryResource implements JournalEntryView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly deal_id!: string;

  @IntegerField({ min: 1, max: 2_147_483_647, description: '1, 2, 3 … within the deal.', example: 1 })
  readonly seq!: number;

  @EnumField(JOURNAL_KINDS)
  readonly kind!: JournalKind;

  @UuidField({ nullable: true, description: 'Null for an automatic entry.' })
  readonly author_id!: string | null;

  @TextField(BODY)
  readonly body!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The changed fields `before` and `after`.' })
  readonly data!: Readonly<Record<string, unknown>>;

  @ApiProperty({ ...HASH, description: 'SHA-256 over the hash of the entry before and this entry.' })
  readonly hash!: string;

  @ApiProperty(HASH)
  readonly prev_hash!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;
}

/** What the recomputed hash chain says. */
export class JournalVerdictResource {
  @ApiProperty()
  readonly valid!: boolean;

  @IntegerField({ min: 0, max: 2_147_483_647, example: 12 })
  readonly entries!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The first entry that was changed, removed or put in.' })
  readonly broken_at!: number | null;
}
