export { WriteNoteCommand } from './commands/write-note.command.js';
export { JournalAudit } from './journal-audit.js';
export { JournalsHttpModule, JournalsModule } from './journals.module.js';
export { JOURNAL_EVENT_TYPES } from './journal.event-types.js';
