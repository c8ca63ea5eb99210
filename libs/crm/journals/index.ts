export { WriteNoteCommand } from './commands/write-note.command.js';
export { JournalsHttpModule, JournalsModule } from './journals.module.js';
