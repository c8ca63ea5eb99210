import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import { access, forbidden, inScope, requireAccess, scopePredicate } from '#platform/auth';
import { type Caller, DomainError, Money } from '#platform/kernel';
import { AggregateStore } from '#platform/messaging';
import type { LineKind } from '../contracts.js';
import { LineTable, readPayment, type WrittenLine } from './line-statements.js';
import type { LineChange, PaymentAtHand } from './line-change.js';
import { lineStory } from './line-story.js';
import type { PaymentLine } from './payment-line.entity.js';
import { lineNotFound, paymentNotFound, totalTooLarge } from '../payment.errors.js';
import type { PaymentPath } from '../payment-path.js';
import { requirePolicyOfDeal } from '../policy-of-deal.js';

/** Tries of a change that others came before; each sees what they left. */
const MOST_TRIES = 10;
const NUMERIC_OVERFLOW = '22003';

/**
 * Writes a payment's lines. A change is one statement that locks the payment, makes sure that the caller may do it,
 * writes the line, adds the difference to the total of the locked row and appends journal and events built from that
 * row. PostgreSQL makes it atomic, so that any number of writers wait for each other only while it runs. A statement
 * that was refused doesn't say why: the payment is read then, and its rules do.
 */
@Injectable()
export class PaymentLines {
  private readonly tables: Readonly<Record<LineKind, LineTable>>;

  constructor(
    private readonly store: AggregateStore,
    private readonly queries: QueryBus,
  ) {
    this.tables = {
      income: new LineTable(store, 'income'),
      expense: new LineTable(store, 'expense'),
    };
  }

  /**
   * Writes a new line.
   * @param require throws what forbids it, of the payment as it is read when the statement was refused.
   * @throws DomainError as {@link change} does.
   */
  async add(
    caller: Caller,
    path: PaymentPath,
    paymentId: string,
    change: LineChange,
    require: (payment: PaymentAtHand) => void,
  ): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (await this.write(caller, path, paymentId, change)) return;
      require(await this.payment(caller, path, paymentId));
    }
    throw alwaysRefused();
  }

  /**
   * Reads the payment, lets `change` make what is to be written of it, and writes that; again, when the payment or the
   * line changed meanwhile in a way that matters.
   * @throws DomainError `deal_not_found`, `policy_not_found`, `payment_not_found`, `forbidden`, `total_too_large`,
   *   `edit_conflict`.
   */
  async change(
    caller: Caller,
    path: PaymentPath,
    paymentId: string,
    change: (payment: PaymentAtHand) => Promise<LineChange>,
  ): Promise<LineChange> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const payment = await this.payment(caller, path, paymentId);
      const made = await change(payment);
      const isSame = made.line.currentVersion === made.line.loadedVersion;
      if (isSame || (await this.write(caller, path, paymentId, made))) return made;
    }
    throw alwaysRefused();
  }

  /**
   * A line as it is, to be changed.
   * @throws DomainError `income_not_found`, `expense_not_found`.
   */
  async load(kind: LineKind, paymentId: string, lineId: string): Promise<PaymentLine> {
    const { mapping, select } = this.tables[kind];
    const row = await this.store.database.first<Record<string, unknown>>(select, [lineId, paymentId]);
    if (!row) throw lineNotFound(kind);
    return mapping.hydrate(row);
  }

  private async payment(caller: Caller, path: PaymentPath, paymentId: string): Promise<PaymentAtHand> {
    const scope = requireAccess(caller, 'deals', 'read');
    const row = await this.store.database.first<PaymentAtHand & { readonly id: string | null }>(readPayment(scope), [
      path.dealId,
      paymentId,
      ...scopePredicate(scope, 'd', 3).values,
    ]);
    // Refuses with the deal's own code.
    if (!row) await this.queries.execute(new DealInScopeQuery(caller, path.dealId));
    if (!row || !inScope(requireAccess(caller, 'payments', 'edit'), row)) throw forbidden();
    if (row.id === null || (path.policyId !== null && row.policyId !== path.policyId)) {
      await requirePolicyOfDeal(this.queries, caller, path);
      throw paymentNotFound();
    }
    return row;
  }

  /** @returns false when the change may not be made, or not of what was read: then nothing was written. */
  private async write(caller: Caller, path: PaymentPath, paymentId: string, change: LineChange): Promise<boolean> {
    const scope = access(caller, 'payments', 'edit');
    if (!scope) return false;
    const { mapping, inserts, updates } = this.tables[change.kind];
    const { line, at } = change;
    const group = change.what === 'created' ? inserts : updates;
    const story = lineStory(path.dealId, paymentId, change);
    const record = (): string =>
      this.store.eventLog.changeRecord(
        {
          ...mapping.insertRecord(line),
          loaded_version: line.loadedVersion,
          guard_deal_id: path.dealId,
          guard_policy_id: path.policyId,
          guard_currency: change.currency,
          guard_payment_versions: change.paymentVersions,
          guard_sees_all: scope.all,
          guard_owner_id: scope.ownerId,
          guard_executor_id: scope.executorId,
          difference: differenceOf(change),
        },
        story,
        at,
      );
    let stored: WrittenLine | undefined;
    await this.store.unitOfWork
      .write<WrittenLine>(
        () => Promise.resolve(group.write(story.stream, record)),
        (rows) => void ([stored] = rows),
      )
      .catch((error: unknown) => {
        throw (error as { code?: unknown }).code === NUMERIC_OVERFLOW ? totalTooLarge() : error;
      });
    if (stored) line.enter(stored.currency);
    return stored !== undefined;
  }
}

/** How much more the line adds to the payment's total than before; decimal text, below zero for less. */
function differenceOf({ line: { counted }, before }: LineChange): string {
  return counted.minus(Money.of(before?.amount ?? '0', counted.currency)).amount;
}

function alwaysRefused(): DomainError {
  return new DomainError('conflict', 'edit_conflict', 'Others change it all the time: read it again and retry.');
}
