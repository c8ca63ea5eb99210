import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import type { Caller, DateRange, ListColumns, Page, PageRequest } from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { JournalEntryView, JournalKind } from '../contracts.js';
import { JOURNAL_COLUMNS, type JournalRow } from './journal-row.js';

/** Columns of the list; the newest entry first. */
export const ENTRY_LIST = {
  name: 'journal',
  sort: '-created_at',
  sorts: { created_at: { 'j.created_at': 'timestamptz', 'j.id': 'uuid' } },
  ranges: { created: { column: 'j.created_at', type: 'timestamptz' } },
} as const satisfies ListColumns;

/** Which entries are meant; what is absent doesn't narrow. */
export interface EntryFilter {
  readonly kinds?: readonly JournalKind[];
  readonly authorId?: string;
  readonly dealId?: string;
  readonly ranges?: readonly DateRange[];
}

/** The journals of all deals, deleted ones too, in the order of the page. */
export class ListAllEntriesQuery extends Query<Page<JournalEntryView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: EntryFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListAllEntriesQuery)
export class ListAllEntriesHandler implements IQueryHandler<ListAllEntriesQuery> {
  constructor(private readonly lists: ListReader) {}

  async execute({ caller, filter, page }: ListAllEntriesQuery): Promise<Page<JournalEntryView>> {
    requireAccess(caller, 'journal', 'audit');
    const where = new SqlConditions('true').planEachTime();
    if (filter.kinds) where.addAnyOf('j.kind', filter.kinds);
    if (filter.authorId) where.add((p) => `j.author_id = ${p}::uuid`, filter.authorId);
    if (filter.dealId) where.add((p) => `j.deal_id = ${p}::uuid`, filter.dealId);
    return this.lists.page(
      {
        select: JOURNAL_COLUMNS,
        from: 'crm.journals j',
        where,
        ranges: filter.ranges,
        map: (row: JournalRow) => row,
        mayLag: true,
      },
      page,
    );
  }
}
