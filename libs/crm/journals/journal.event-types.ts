import { ApiProperty, OmitType } from '@nestjs/swagger';
import { ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import type { JournalEntryView } from './contracts.js';
import { JournalEntryResource } from './journal.dto.js';

/** What is known only when it is stored. */
const LATER = ['deal_id', 'seq', 'data', 'hash', 'prev_hash'] as const;

/** A note in its event: its number in the journal is not assigned yet. */
export type PublishedNote = Omit<JournalEntryView, (typeof LATER)[number]>;

class PublishedNoteResource extends OmitType(JournalEntryResource, LATER) {}

class NoteHappening {
  @UuidField()
  readonly deal_id!: string;

  @UuidField()
  readonly client_id!: string;

  @UuidField()
  readonly entry_id!: string;

  @UuidField({ nullable: true, description: 'The same as in `entry`.' })
  readonly author_id!: string | null;

  @TextField({ min: 1, max: 5_000, multiline: true, description: 'The same as in `entry`.' })
  readonly body!: string;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'The same as in `entry`.' })
  readonly created_at!: Instant;

  @ObjectField(() => PublishedNoteResource)
  readonly entry!: PublishedNote;
}

export const JOURNAL_APPENDED = new EventType({
  key: 'deal.journal.appended',
  meaning: 'A user wrote a note into a deal’s journal; the other entries have their own events.',
  stream: 'deals/{deal_id}',
  followers: 'owner and executor of the deal',
  data: NoteHappening,
});

/** Every type of event that journals publish. */
export const JOURNAL_EVENT_TYPES = [JOURNAL_APPENDED];
