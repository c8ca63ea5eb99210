import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { QuoteView } from '../contracts.js';
import { quoteNotFound } from '../quote.errors.js';
import { QUOTE_COLUMNS, type QuoteRow, quoteView } from './quote-row.js';

/** Reads one quote of a deal visible to the caller. */
export class GetQuoteQuery extends Query<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly quoteId: string,
  ) {
    super();
  }
}

const BY_ID = statement(
  `SELECT ${QUOTE_COLUMNS} FROM crm.quotes q WHERE q.id = $1::uuid AND q.deal_id = $2::uuid AND NOT q.is_deleted`,
);

@QueryHandler(GetQuoteQuery)
export class GetQuoteHandler implements IQueryHandler<GetQuoteQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `deal_not_found`, `quote_not_found`. */
  async execute({ caller, dealId, quoteId }: GetQuoteQuery): Promise<QuoteView> {
    await this.queries.execute(new DealInScopeQuery(caller, dealId));
    const row = await this.database.first<QuoteRow>(BY_ID, [quoteId, dealId]);
    if (!row) throw quoteNotFound();
    return quoteView(row, businessDay(this.clock.now(), this.settings.timeZone));
  }
}
