import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller, ListOrder, Page, PageRequest } from '#platform/kernel';
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { JournalEntryView, JournalKind } from '../contracts.js';
import { requireJournaledDeal } from '../journaled-deal.js';
import { JOURNAL_COLUMNS, type JournalRow } from './journal-row.js';

/** The newest entry last. */
export const JOURNAL_ORDER: ListOrder = { name: 'journal', key: ['int'] };

/** A deal's journal, the newest entry last. */
export class ListJournalQuery extends Query<Page<JournalEntryView>> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly kind: JournalKind | undefined,
    /** `after` holds the number of the last entry seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListJournalQuery)
export class ListJournalHandler implements IQueryHandler<ListJournalQuery> {
  constructor(private readonly database: Database) {}

  async execute({ caller, dealId, kind, page }: ListJournalQuery): Promise<Page<JournalEntryView>> {
    await requireJournaledDeal(this.database, dealId, caller, 'read');
    const conditions = new SqlConditions();
    conditions.add((placeholder) => `j.deal_id = ${placeholder}::uuid`, dealId);
    if (kind) conditions.add((placeholder) => `j.kind = ${placeholder}::text`, kind);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(j.seq)', JOURNAL_ORDER.key, page.after);
    const rows = await this.database.query<JournalRow>(
      statement(
        `SELECT ${JOURNAL_COLUMNS} FROM crm.journals j WHERE ${conditions.sql}
         ORDER BY j.seq LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [String(last.seq)] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.journals j WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}
