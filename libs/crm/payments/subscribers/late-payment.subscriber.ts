import { Injectable } from '@nestjs/common';
import { addDays } from '#platform/kernel';
import { type EventSubscriber, type ReceivedEvent, Subscribe } from '#platform/messaging';
import { LateSubjects } from '#platform/reminders';
import type { PaymentView } from '../contracts.js';
import { PAYMENT_REMINDERS } from '../payment-reminders.js';

/** A payment that is planned or moved to a date of which that day is one to tell is told at once, or never would be. */
@Injectable()
@Subscribe({ queue: 'crm.worker.payment-reminders', keys: ['deal.payment.created', 'deal.payment.updated'] })
export class LatePaymentSubscriber implements EventSubscriber {
  constructor(private readonly late: LateSubjects) {}

  async handle(event: ReceivedEvent): Promise<void> {
    const payment = event.data.payment as PaymentView;
    const since = this.late.daysSince(event);
    for (const { kind, days } of PAYMENT_REMINDERS) {
      const told = days.map((count) => addDays(payment.planned_date, count));
      for (const day of told) if (since.includes(day)) await this.late.lookAt(kind, payment.id, day, event);
    }
  }
}
