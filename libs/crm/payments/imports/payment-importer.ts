import { Injectable } from '@nestjs/common';
import type { DealFacts } from '#crm/deals/contracts';
import {
  type CheckedRow,
  type DuplicateRule,
  idRefused,
  type ImportContext,
  Importer,
  type ImportRow,
  RowOutcome,
} from '#crm/imports/contracts';
import { validatedBody } from '#platform/http';
import { newId } from '#platform/kernel';
import { newPaymentFacts, paymentFacts } from '../payment.dto.js';
import { Payment } from '../payment.entity.js';
import { placeNotChangeable } from '../payment.errors.js';
import { PAYMENT_FILE_COLUMNS } from '../exports/payment-file.js';
import { type KnownPayment, PaymentRepository } from '../payment.repository.js';
import { PaymentRowDto } from './payment-row.dto.js';

type Row = CheckedRow<PaymentRowDto>;
/** A row whose deal is locked. */
type PlacedRow = Row & { readonly deal: DealFacts };

/** Plans payments, or changes those known by id; what came and went is no part of the file. */
@Injectable()
export class PaymentImporter extends Importer {
  readonly kind = 'payments';
  readonly columns = PAYMENT_FILE_COLUMNS;
  readonly required = ['deal_id', 'planned_date', 'planned_amount', 'currency'] as const;
  readonly duplicateRules: readonly DuplicateRule[] = ['refuse', 'skip', 'update'];

  constructor(private readonly payments: PaymentRepository) {
    super();
  }

  /** Locks all payments first: a change locks its deal's stream, and a transaction that waits for it may lock a payment. */
  override async lock(rows: readonly ImportRow[], context: ImportContext): Promise<void> {
    const outcome = new RowOutcome();
    const placed = await this.placed(await this.checked(rows, outcome), context, outcome);
    await this.payments.known(idsOf(placed));
  }

  async take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void> {
    const checked = await this.checked(rows, outcome);
    const claims = await outcome.claims(checked, ({ id }) => [id && `id ${id}`], context);
    const placed = await this.placed(checked, context, outcome);
    const known = await this.payments.known(idsOf(placed));
    const added: Payment[] = [];
    const meetings: { met: KnownPayment; row: Row }[] = [];
    for (const row of placed) {
      const met = row.body.id ? known.get(row.body.id) : undefined;
      if (met) meetings.push({ met, row });
      else {
        await claims.accept(row.line, async () => {
          const payment = await outcome.attempt(row.line, () => this.plan(row, context));
          if (payment) added.push(payment);
        });
      }
    }
    // No other row is locked after this: a transaction that waits for a stream may have locked a row of another one.
    if (!context.isDryRun) await this.payments.addAll(added, context.now);
    outcome.created += added.length;
    for (const { met, row } of meetings) {
      await claims.accept(row.line, () => this.meet(met, row, context, outcome));
    }
    await claims.store();
  }

  private checked(rows: readonly ImportRow[], outcome: RowOutcome): Promise<Row[]> {
    return outcome.checked(rows, (cells) => validatedBody(PaymentRowDto, cells));
  }

  /** Returns the rows whose deals exist, and locks the deals until the unit of work ends, in the order of other imports. */
  private async placed(rows: readonly Row[], { caller }: ImportContext, outcome: RowOutcome): Promise<PlacedRow[]> {
    const deals = new Map<Row, DealFacts>();
    for (const row of rows.toSorted((a, b) => a.body.deal_id.localeCompare(b.body.deal_id))) {
      const deal = await outcome.attempt(row.line, () => this.payments.lockDeal(row.body.deal_id, caller, 'create'));
      if (deal) deals.set(row, deal);
    }
    return rows.flatMap((row) => {
      const deal = deals.get(row);
      return deal ? [{ ...row, deal }] : [];
    });
  }

  private async plan({ body, deal }: PlacedRow, { caller, isDryRun, now }: ImportContext): Promise<Payment> {
    const path = { dealId: body.deal_id, policyId: body.policy_id ?? null };
    await this.payments.lockPolicy(caller, path);
    const facts = newPaymentFacts(body);
    const plan = (sequence: number) =>
      Payment.plan(
        body.id ?? newId(),
        { deal, policyId: path.policyId, sequence },
        facts,
        this.payments.today,
        caller.userId,
        now,
      );
    // Whatever is refused takes no number.
    const preview = plan(1);
    return isDryRun ? preview : plan(await this.payments.takeSequences(path.dealId, path.policyId, 1));
  }

  /** What becomes of a row whose payment is known. */
  private async meet(
    known: KnownPayment,
    { line, body }: Row,
    { caller, duplicates, isDryRun, now }: ImportContext,
    outcome: RowOutcome,
  ): Promise<void> {
    if (known.is_deleted || duplicates === 'refuse') return outcome.refuse(line, idRefused(known));
    if (duplicates === 'skip') return void outcome.skipped++;
    const isDone = await outcome.attempt(line, async () => {
      if (body.deal_id !== known.deal_id || (body.policy_id ?? known.policy_id) !== known.policy_id) {
        throw placeNotChangeable();
      }
      const path = { dealId: known.deal_id, policyId: null };
      const payment = await this.payments.lockForUpdate(caller, path, known.id, 'create');
      payment.revise(paymentFacts(body), caller.userId, now);
      if (!isDryRun) await this.payments.save(payment, now);
      return true;
    });
    if (isDone) outcome.updated++;
  }
}

function idsOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ body: { id } }) => (id ? [id] : []));
}
