import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { type DealFacts, DealInScopeQuery } from '#crm/deals/contracts';
import { type ActionOn, forbidden, inScope, requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import type { BatchOptions } from '#platform/cqrs';
import {
  businessDay,
  type CalendarDate,
  type Caller,
  Clock,
  type ExpectedVersion,
  type Instant,
} from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { BatchSelect, statement, TableMapping } from '#platform/persistence';
import { LINE_KINDS, type LineKind } from './contracts.js';
import { LINE_ENTITIES, type PaymentLine } from './lines/payment-line.entity.js';
import { Payment } from './payment.entity.js';
import { lineNotFound, paymentNotFound } from './payment.errors.js';
import type { PaymentPath } from './payment-path.js';
import { requirePolicyOfDeal } from './policy-of-deal.js';

const NO_POLICY = '00000000-0000-0000-0000-000000000000';

/** The row lock until the commit assigns each number once; a number whose payment is rolled back is assigned again. */
const TAKE_SEQUENCES = statement(
  `INSERT INTO crm.payment_sequences AS s VALUES ($1::uuid, $2::uuid, $3::int)
   ON CONFLICT (deal_id, policy_id) DO UPDATE SET last = s.last + $3::int RETURNING last`,
);

/** Commands on lines share their batches. Those of one deal run one after the other: they append to one stream. */
export const LINE_BATCH: BatchOptions<{ readonly path: PaymentPath }> = {
  maxBatchSize: 50,
  keyOf: ({ path }) => path.dealId,
};

type Row = Record<string, unknown>;

/** The row of a locked payment, with the facts of its deal. */
type LockedRow = Row & {
  readonly deal_client_id: string;
  readonly deal_owner_id: string | null;
  readonly deal_executor_id: string | null;
};

interface LineTable {
  readonly mapping: TableMapping<PaymentLine>;
  readonly select: BatchSelect<object, Row>;
}

/** A stored payment with the id of an imported row. */
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
  private readonly locks: BatchSelect<object, LockedRow>;
  private readonly lines: Readonly<Record<LineKind, LineTable>>;

  constructor(
    store: AggregateStore,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {
    super(store, Payment, {
      parts: LINE_KINDS.map((kind) => {
        return { entity: LINE_ENTITIES[kind], changed: (payment: Payment) => payment.changedLinesOf(kind) };
      }),
    });
    this.locks = lockPayments(this.mapping);
    const linesOf = (kind: LineKind) => {
      const mapping = new TableMapping<PaymentLine>(store.dataSource.getMetadata(LINE_ENTITIES[kind]));
      return { mapping, select: selectLines(mapping) };
    };
    this.lines = { income: linesOf('income'), expense: linesOf('expense') };
  }

  /** The present business day. */
  get today(): CalendarDate {
    return businessDay(this.clock.now(), this.settings.timeZone);
  }

  /**
   * Returns the deal, closed or not, after an access check, and locks it for share until the unit of work ends.
   * @throws DomainError `deal_not_found`, `forbidden`.
   */
  async lockDeal(dealId: string, caller: Caller, action: ActionOn<'payments'>): Promise<DealFacts> {
    const deal = await this.queries.execute(new DealInScopeQuery(caller, dealId, true));
    if (!inScope(requireAccess(caller, 'payments', action), deal)) throw forbidden();
    return deal;
  }

  /**
   * Checks that the path's policy belongs to the deal, and locks it until the unit of work ends.
   * @throws DomainError `policy_not_found`.
   */
  async lockPolicy(caller: Caller, path: PaymentPath): Promise<void> {
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
   * Locks the payment against changes, and its deal against a change of its owner, until the unit of work ends.
   * @throws DomainError `deal_not_found`, `forbidden`, `policy_not_found`, `payment_not_found`, `version_mismatch`.
   */
  async lockForUpdate(
    caller: Caller,
    path: PaymentPath,
    paymentId: string,
    action: ActionOn<'payments'>,
    expected?: ExpectedVersion,
  ): Promise<Payment> {
    const scope = requireAccess(caller, 'deals', 'read');
    const lock = () => this.store.unitOfWork.execute(this.locks, lockInput(path, paymentId, scope));
    let row = await lock();
    if (!row) {
      await this.lockDeal(path.dealId, caller, action);
      await this.lockPolicy(caller, path);
      // Deal or policy may have become visible after the first statement.
      row = await lock();
    }
    if (!row) throw paymentNotFound();
    const { deal_client_id: clientId, deal_owner_id: ownerId, deal_executor_id: executorId } = row;
    const deal = { id: path.dealId, clientId, ownerId, executorId };
    if (!inScope(requireAccess(caller, 'payments', action), deal)) throw forbidden();
    const payment = this.mapping.hydrate(row);
    payment.today = this.today;
    payment.deal = deal;
    payment.expectVersion(expected);
    return payment;
  }

  /**
   * Loads a line of a locked payment.
   * @throws DomainError `income_not_found`, `expense_not_found`, `version_mismatch`.
   */
  async loadLine(payment: Payment, kind: LineKind, lineId: string, expected: ExpectedVersion): Promise<PaymentLine> {
    const { mapping, select } = this.lines[kind];
    const row = await this.store.unitOfWork.execute(select, { line_id: lineId, payment_id: payment.id });
    if (!row) throw lineNotFound(kind);
    const line = mapping.hydrate(row);
    line.expectVersion(expected);
    return line;
  }

  /** Returns payments of these ids, deleted ones too, locked until the unit of work ends. For imports. */
  async known(ids: readonly string[]): Promise<ReadonlyMap<string, KnownPayment>> {
    const rows = ids.length > 0 ? await this.store.database.query<KnownPayment>(KNOWN, [ids]) : [];
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Stores new payments in one round trip; the caller has locked their deals. */
  async addAll(payments: readonly Payment[], now: Instant): Promise<void> {
    await this.insertAll(payments, now);
  }

  /** Stores a new payment, or what changed of a loaded one; nothing when nothing did. */
  async save(payment: Payment, now: Instant): Promise<void> {
    if (payment.currentVersion !== payment.loadedVersion) await this.write(payment, now);
  }
}

/**
 * Locks payments for update, and their deals for share: an owner who loses the deal receives no later event. Locks are
 * taken in the order of deals, so that two of these statements cannot wait for each other.
 */
function lockPayments(mapping: TableMapping<Payment>): BatchSelect<object, LockedRow> {
  return new BatchSelect(
    ['payment_id uuid', 'deal_id uuid', 'policy_id uuid', 'sees_all boolean', 'owner_id uuid', 'executor_id uuid'],
    `${columnsOf(mapping, 'p')}, d.client_id AS deal_client_id, d.owner_id AS deal_owner_id,
     d.executor_id AS deal_executor_id`,
    `JOIN crm.payments p ON p.id = i.payment_id JOIN crm.deal_access d ON d.id = p.deal_id
     WHERE p.deal_id = i.deal_id AND NOT p.is_deleted AND (i.policy_id IS NULL OR p.policy_id = i.policy_id)
       AND NOT d.is_deleted AND (i.sees_all OR d.owner_id = i.owner_id OR d.executor_id = i.executor_id)
     ORDER BY i.deal_id FOR NO KEY UPDATE OF p FOR SHARE OF d`,
  );
}

/** The input of {@link lockPayments}: the payment of a path, if its deal is in the scope. */
function lockInput({ dealId, policyId }: PaymentPath, paymentId: string, scope: Scope): object {
  const { all, ownerId, executorId } = scope;
  return {
    payment_id: paymentId,
    deal_id: dealId,
    policy_id: policyId,
    sees_all: all,
    owner_id: ownerId,
    executor_id: executorId,
  };
}

/** Selects lines that are not deleted; they change only while their payment is locked. */
function selectLines(mapping: TableMapping<PaymentLine>): BatchSelect<object, Row> {
  return new BatchSelect(
    ['line_id uuid', 'payment_id uuid'],
    columnsOf(mapping, 'l'),
    `JOIN ${mapping.table} l ON l.id = i.line_id AND l.payment_id = i.payment_id WHERE NOT l.is_deleted`,
  );
}

function columnsOf({ selection }: { readonly selection: string }, alias: string): string {
  return selection.replace(/\w+/g, `${alias}.$&`);
}
