import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, DateRange, ListColumns, Page, PageRequest } from '#platform/kernel';
import { Database, ListReader, SqlConditions } from '#platform/persistence';
import type { JournalEntryView, JournalKind } from '../contracts.js';
import { requireJournaledDeal } from '../journaled-deal.js';
import { JOURNAL_COLUMNS, type JournalRow } from './journal-row.js';

/** Columns of the list; the newest entry last. */
export const JOURNAL_LIST = {
  name: 'journal',
  sort: 'seq',
  sorts: { seq: { 'j.seq': 'int' } },
  ranges: { created: { column: 'j.created_at', type: 'timestamptz' } },
} as const satisfies ListColumns;

/** A deal's journal, in the order of the page. */
export class ListJournalQuery extends Query<Page<JournalEntryView>> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly filter: { readonly kinds?: readonly JournalKind[]; readonly ranges?: readonly DateRange[] },
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

  async execute({ caller, dealId, filter, page }: ListJournalQuery): Promise<Page<JournalEntryView>> {
    await requireJournaledDeal(this.database, dealId, caller, 'read');
    const where = new SqlConditions();
    where.add((p) => `j.deal_id = ${p}::uuid`, dealId);
    if (filter.kinds) where.addAnyOf('j.kind', filter.kinds);
    return this.lists.page(
      {
        select: JOURNAL_COLUMNS,
        from: 'crm.journals j',
        where,
        ranges: filter.ranges,
        map: (row: JournalRow) => row,
      },
      page,
    );
  }
}
