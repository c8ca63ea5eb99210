import { Module } from '@nestjs/common';
import { WriteNoteHandler } from './commands/write-note.command.js';
import { JournalsController } from './journals.controller.js';
import { ListJournalHandler } from './queries/list-journal.query.js';
import { VerifyJournalHandler } from './queries/verify-journal.query.js';

/** What a journal is and can do. */
@Module({ providers: [WriteNoteHandler, ListJournalHandler, VerifyJournalHandler] })
export class JournalsModule {}

/** Its routes. */
@Module({ imports: [JournalsModule], controllers: [JournalsController] })
export class JournalsHttpModule {}
