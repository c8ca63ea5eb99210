import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireActor } from '#platform/auth';
import { type Caller, Clock, newId } from '#platform/kernel';
import { EventLog } from '#platform/messaging';
import { Database, UnitOfWork } from '#platform/persistence';
import type { JournalEntryView } from '../contracts.js';
import { requireJournaledDeal } from '../journaled-deal.js';
import { noteChange } from '../note-change.js';
import { ENTRY_BY_SEQ, type JournalRow } from '../queries/journal-row.js';

/** Writes a person's note into a deal's journal; a closed deal takes notes too. */
export class WriteNoteCommand extends Command<JournalEntryView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /** 1..5000 characters. */
    readonly body: string,
    /** Who wrote it; the caller unless an admin or service says otherwise. */
    readonly authorId?: string,
  ) {
    super();
  }
}

@CommandHandler(WriteNoteCommand)
export class WriteNoteHandler implements ICommandHandler<WriteNoteCommand> {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, body, authorId }: WriteNoteCommand): Promise<JournalEntryView> {
    return this.unitOfWork.run(async () => {
      const deal = await requireJournaledDeal(this.database, dealId, caller, 'create');
      const author = requireActor(caller, authorId, 'author_id');
      const now = this.clock.now();
      const note = { id: newId(), kind: 'note', author_id: author, body, created_at: now } as const;
      const [head] = await this.log.append([noteChange(deal, note)], now);
      const entry = head && (await this.database.first<JournalRow>(ENTRY_BY_SEQ, [deal.id, head.journal_seq, now]));
      if (!entry) throw new Error(`the note of deal ${deal.id} was not stored`);
      return entry;
    });
  }
}
