import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, ListReader, SqlConditions } from '#platform/persistence';
import type { JournalEntryView, JournalKind } from '../contracts.js';
import { requireJournaledDeal } from '../journaled-deal.js';
import { JOURNAL_COLUMNS, type JournalRow } from './journal-row.js';

/** The newest entry last. */
export const JOURNAL_ORDER: ListOrder = { name: 'journal', key: { 'j.seq': 'int' } };

/** A deal's journal, the newest entry last. */
export class ListJournalQuery extends Query<Page<JournalEntryView>> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly kinds: readonly JournalKind[] | undefined,
    /** `after` contains the number of the last entry seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListJournalQuery)
export class ListJournalHandler implements IQueryHandler<ListJournalQuery> {
  constructor(
    private readonly database: Database,
    private readonly lists: ListReader,
  ) {}

  async execute({ caller, dealId, kinds, page }: ListJournalQuery): Promise<Page<JournalEntryView>> {
    await requireJournaledDeal(this.database, dealId, caller, 'read');
    const where = new SqlConditions();
    where.add((p) => `j.deal_id = ${p}::uuid`, dealId);
    if (kinds) where.addAnyOf('j.kind', kinds);
    return this.lists.page(
      {
        select: JOURNAL_COLUMNS,
        from: 'crm.journals j',
        where,
        order: JOURNAL_ORDER,
        map: (row: JournalRow) => row,
      },
      page,
    );
  }
}
