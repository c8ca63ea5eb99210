import { Injectable } from '@nestjs/common';
import {
  type CheckedRow,
  type DuplicateRule,
  idTaken,
  type ImportContext,
  Importer,
  type ImportRow,
  type RowOutcome,
} from '#crm/imports/contracts';
import { checkedBody } from '#platform/http';
import { newId } from '#platform/kernel';
import { newPaymentFacts, paymentFacts } from '../payment.dto.js';
import { Payment } from '../payment.entity.js';
import { placeNotChangeable } from '../payment.errors.js';
import { PAYMENT_FILE_COLUMNS } from '../payment-file.js';
import { type KnownPayment, PaymentRepository } from '../payment.repository.js';
import { PaymentRowDto } from './payment-row.dto.js';

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

  async take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void> {
    const checked = await outcome.checked(rows, (cells) => checkedBody(PaymentRowDto, cells));
    const first = await outcome.firstOfTheirKeys(checked, ({ id }) => [id && `id ${id}`], context);
    const known = await this.payments.known(first.flatMap(({ body: { id } }) => (id ? [id] : [])));
    const added: Payment[] = [];
    for (const row of first) {
      const met = known.get(row.body.id ?? '');
      if (met) {
        await this.meet(met, row, context, outcome);
        continue;
      }
      const payment = await outcome.attempt(row.line, () => this.plan(row.body, context));
      if (payment) added.push(payment);
    }
    if (!context.isTrial) await this.payments.addAll(added, context.now);
    outcome.created += added.length;
  }

  private async plan(body: PaymentRowDto, { caller, isTrial, now }: ImportContext): Promise<Payment> {
    const path = { dealId: body.deal_id, policyId: body.policy_id ?? null };
    await this.payments.holdDeal(path.dealId, caller, 'create');
    await this.payments.holdPolicy(caller, path);
    const facts = newPaymentFacts(body);
    const plan = (sequence: number) =>
      Payment.plan(body.id ?? newId(), { ...path, sequence }, facts, this.payments.today, caller.userId, now);
    // Whatever is refused takes no number.
    const trial = plan(1);
    return isTrial ? trial : plan(await this.payments.takeSequences(path.dealId, path.policyId, 1));
  }

  /** What becomes of a row whose payment is known. */
  private async meet(
    known: KnownPayment,
    { line, body }: CheckedRow<PaymentRowDto>,
    { caller, duplicates, isTrial, now }: ImportContext,
    outcome: RowOutcome,
  ): Promise<void> {
    if (known.is_deleted || duplicates === 'refuse') return outcome.refuse(line, idTaken());
    if (duplicates === 'skip') return void outcome.skipped++;
    const isDone = await outcome.attempt(line, async () => {
      if (body.deal_id !== known.deal_id || (body.policy_id ?? known.policy_id) !== known.policy_id) {
        throw placeNotChangeable();
      }
      await this.payments.holdDeal(known.deal_id, caller, 'edit');
      const path = { dealId: known.deal_id, policyId: null };
      const payment = await this.payments.load(caller, path, known.id, undefined);
      payment.revise(paymentFacts(body), caller.userId, now);
      if (!isTrial) await this.payments.save(payment, now);
      return true;
    });
    if (isDone) outcome.updated++;
  }
}
