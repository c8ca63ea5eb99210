import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, Clock } from '#platform/kernel';
import { currencyMismatch, paymentCancelled, postedInFuture } from './payment.errors.js';
import type { PaymentAtHand } from './line-change.js';

/** What lines a payment takes. */
@Injectable()
export class LineRules {
  constructor(
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `payment_cancelled`: it takes no new lines. */
  requireOpen(payment: PaymentAtHand): void {
    if (payment.status === 'cancelled') throw paymentCancelled();
  }

  /**
   * @param line what is given of it.
   * @throws DomainError `currency_mismatch`, `posted_at_in_future`.
   */
  require(payment: PaymentAtHand, line: { readonly currency?: string; readonly postedAt?: CalendarDate }): void {
    if (line.currency !== undefined && line.currency.trim().toUpperCase() !== payment.currency) {
      throw currencyMismatch(payment.currency);
    }
    if (line.postedAt === undefined) return;
    if (line.postedAt > businessDay(this.clock.now(), this.settings.timeZone)) throw postedInFuture();
  }
}
