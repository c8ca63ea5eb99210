import { Module } from '@nestjs/common';
import { WriteNoteHandler } from './commands/write-note.command.js';
import { JournalAuditController } from './journal-audit.controller.js';
import { JournalsController } from './journals.controller.js';
import { ListAllEntriesHandler } from './queries/list-all-entries.query.js';
import { ListJournalHandler } from './queries/list-journal.query.js';
import { VerifyJournalHandler } from './queries/verify-journal.query.js';

/** What a journal is and can do. */
@Module({ providers: [WriteNoteHandler, ListJournalHandler, ListAllEntriesHandler, VerifyJournalHandler] })
export class JournalsModule {}

/** Its routes. */
@Module({ imports: [JournalsModule], controllers: [JournalsController, JournalAuditController] })
export class JournalsHttpModule {}
