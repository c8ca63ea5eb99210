import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, Clock, Money } from '#platform/kernel';
import { currencyMismatch, paymentCancelled, postedInFuture } from '../payment.errors.js';
import type { PaymentAtHand } from './line-change.js';

/** What lines a payment takes. */
@Injectable()
export class LineRules {
  constructor(
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `posted_at_in_future`. */
  requirePast(postedAt: CalendarDate | undefined): void {
    if (postedAt === undefined) return;
    if (postedAt > businessDay(this.clock.now(), this.settings.timeZone)) throw postedInFuture();
  }

  /** @throws DomainError `payment_cancelled`: it takes no new lines. */
  requireOpen(payment: PaymentAtHand): void {
    if (payment.status === 'cancelled') throw paymentCancelled();
  }

  /** @throws DomainError `currency_not_supported`, `amount_precision`: the payment's currency can't have the amount. */
  requireAmount(payment: PaymentAtHand, amount: string): void {
    Money.given(amount, payment.currency, 'amount');
  }

  /** @throws DomainError `currency_mismatch`. */
  requireCurrency(payment: PaymentAtHand, currency: string | undefined): void {
    if (currency !== undefined && currency !== payment.currency) throw currencyMismatch(payment.currency);
  }
}
