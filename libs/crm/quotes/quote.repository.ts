import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { type DealFacts, DealInScopeQuery } from '#crm/deals/contracts';
import { type ActionOn, forbidden, inScope, requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock, type ExpectedVersion, type Instant } from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { statement } from '#platform/persistence';
import { Quote } from './quote.entity.js';
import { dealClosed, quoteNotFound } from './quote.errors.js';

/** Taken before the policy's lock, and both before the deal's stream: two changes can't wait for each other. */
const LOCK_ROW = statement('SELECT id FROM crm.quotes WHERE id = $1::uuid AND deal_id = $2::uuid FOR NO KEY UPDATE');

/** Loads quotes to be changed and stores them with their journal and events. */
@Injectable()
export class QuoteRepository extends AggregateRepository<Quote> {
  constructor(
    store: AggregateStore,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {
    super(store, Quote);
  }

  /** The present business day. */
  get today(): string {
    return businessDay(this.clock.now(), this.settings.timeZone);
  }

  /**
   * Locks the deal, closed or not, until the unit of work ends, if the caller may do this to its quotes.
   * @throws DomainError `deal_not_found`, `forbidden`.
   */
  async lockDeal(dealId: string, caller: Caller, action: ActionOn<'quotes'>): Promise<DealFacts> {
    const deal = await this.queries.execute(new DealInScopeQuery(caller, dealId, true));
    if (!inScope(requireAccess(caller, 'quotes', action), deal)) throw forbidden();
    return deal;
  }

  /**
   * Locks the open deal, as {@link lockDeal} does.
   * @throws DomainError `deal_not_found`, `forbidden`, `deal_closed`.
   */
  async lockOpenDeal(dealId: string, caller: Caller, action: ActionOn<'quotes'>): Promise<DealFacts> {
    const deal = await this.lockDeal(dealId, caller, action);
    if (deal.isClosed) throw dealClosed();
    return deal;
  }

  /**
   * Locks the quote of a locked deal until the unit of work ends.
   * @throws DomainError `quote_not_found` when it is not the deal's, `version_mismatch`.
   */
  async load({ id: dealId, isClosed }: DealFacts, quoteId: string, expected: ExpectedVersion): Promise<Quote> {
    // Locked first and read after it: what a reading statement waited for it does not see all of.
    await this.store.database.query(LOCK_ROW, [quoteId, dealId]);
    const row = await this.store.database.first<Record<string, unknown> & { linked_policy_id: string | null }>(
      statement(
        `SELECT ${this.mapping.selection}, (SELECT p.id FROM crm.policies p WHERE p.quote_id = q.id AND NOT p.is_deleted)
           AS linked_policy_id
         FROM ${this.mapping.table} q WHERE id = $1::uuid AND deal_id = $2::uuid AND NOT is_deleted`,
      ),
      [quoteId, dealId],
    );
    if (!row) throw quoteNotFound();
    const quote = this.mapping.hydrate(row);
    quote.linkedPolicyId = row.linked_policy_id;
    quote.isDealClosed = isClosed;
    quote.today = this.today;
    quote.expectVersion(expected);
    return quote;
  }

  /** Stores a new quote, or what changed of a loaded one; nothing when nothing did. */
  async save(quote: Quote, now: Instant): Promise<void> {
    if (quote.currentVersion !== quote.loadedVersion) await this.write(quote, now);
  }
}
