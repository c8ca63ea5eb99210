import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { type DealFacts, DealInScopeQuery } from '#crm/deals/contracts';
import { type ActionOn, forbidden, inScope, requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import {
  businessDay,
  type CalendarDate,
  type Caller,
  Clock,
  type ExpectedVersion,
  type Instant,
} from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { statement } from '#platform/persistence';
import { Payment } from './payment.entity.js';
import { paymentNotFound } from './payment.errors.js';
import type { PaymentPath } from './payment-path.js';
import { requirePolicyOfDeal } from './policy-of-deal.js';

const NO_POLICY = '00000000-0000-0000-0000-000000000000';

/** The row lock, held until the commit, gives each number once; a number whose payment rolls back comes again. */
const TAKE_SEQUENCES = statement(
  `INSERT INTO crm.payment_sequences AS s VALUES ($1::uuid, $2::uuid, $3::int)
   ON CONFLICT (deal_id, policy_id) DO UPDATE SET last = s.last + $3::int RETURNING last`,
);
/** A payment that an import may meet. */
export interface KnownPayment {
  readonly id: string;
  readonly deal_id: string;
  readonly policy_id: string | null;
  readonly is_deleted: boolean;
}

const KNOWN = statement(
  `SELECT id, deal_id, policy_id, is_deleted FROM crm.payments WHERE id = ANY ($1::uuid[])
   ORDER BY id FOR NO KEY UPDATE`,
);

/** Loads payments to be changed and stores them with their journal and events. */
@Injectable()
export class PaymentRepository extends AggregateRepository<Payment> {
  constructor(
    store: AggregateStore,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {
    super(store, Payment);
  }

  /** The present business day. */
  get today(): CalendarDate {
    return businessDay(this.clock.now(), this.settings.timeZone);
  }

  /**
   * The deal, closed or not, held until the unit of work ends, if the caller may do this to its payments.
   * @throws DomainError `deal_not_found`, `forbidden`.
   */
  async holdDeal(dealId: string, caller: Caller, action: ActionOn<'payments'>): Promise<DealFacts> {
    const deal = await this.queries.execute(new DealInScopeQuery(caller, dealId, true));
    if (!inScope(requireAccess(caller, 'payments', action), deal)) throw forbidden();
    return deal;
  }

  /**
   * Makes sure that the path's policy is the deal's, and stays so until the unit of work ends.
   * @throws DomainError `policy_not_found`.
   */
  async holdPolicy(caller: Caller, path: PaymentPath): Promise<void> {
    await requirePolicyOfDeal(this.queries, caller, path, true);
  }

  /** The first of `count` numbers in a row that no payment of the deal and policy ever had. */
  async takeSequences(dealId: string, policyId: string | null, count: number): Promise<number> {
    const row = await this.store.database.first<{ last: number }>(TAKE_SEQUENCES, [
      dealId,
      policyId ?? NO_POLICY,
      count,
    ]);
    return row!.last - count + 1;
  }

  /**
   * Returns the payment, locked until the unit of work ends.
   * @throws DomainError `policy_not_found`, `payment_not_found`, `version_mismatch`.
   */
  async load(caller: Caller, path: PaymentPath, paymentId: string, expected: ExpectedVersion): Promise<Payment> {
    // What it waited for, the lock sees: the latest row, and whether that one still is what was asked for.
    const row = await this.store.database.first<Record<string, unknown>>(
      statement(
        `SELECT ${this.mapping.selection} FROM ${this.mapping.table}
         WHERE id = $1::uuid AND deal_id = $2::uuid AND NOT is_deleted AND ($3::uuid IS NULL OR policy_id = $3::uuid)
         FOR NO KEY UPDATE`,
      ),
      [paymentId, path.dealId, path.policyId],
    );
    if (!row) {
      await this.holdPolicy(caller, path);
      throw paymentNotFound();
    }
    const payment = this.mapping.hydrate(row);
    payment.today = this.today;
    payment.expectVersion(expected);
    return payment;
  }

  /** Returns payments of these ids, deleted ones too, locked until the unit of work ends. For imports. */
  async known(ids: readonly string[]): Promise<ReadonlyMap<string, KnownPayment>> {
    const rows = ids.length > 0 ? await this.store.database.query<KnownPayment>(KNOWN, [ids]) : [];
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Stores new payments in one round trip; the caller has locked their deals. */
  async addAll(payments: readonly Payment[], now: Instant): Promise<void> {
    await this.insertAll(payments, now, 'append_changes');
  }

  /** Stores a new payment, or what changed of a loaded one; nothing when nothing did. */
  async save(payment: Payment, now: Instant): Promise<void> {
    if (payment.currentVersion !== payment.loadedVersion) await this.write(payment, now);
  }
}
