import { Injectable } from '@nestjs/common';
import { addDays } from '#platform/kernel';
import { type EventSubscriber, type ReceivedEvent, Subscribe } from '#platform/messaging';
import { LateSubjects } from '#platform/reminders';
import type { QuoteView } from '../contracts.js';
import { QUOTE_EXPIRIES } from '../quote-expiries.js';

/** A quote given a validity that ended the day before is told at once, or never would be. */
@Injectable()
@Subscribe({ queue: 'crm.worker.quote-expiries', keys: ['deal.quote.created', 'deal.quote.updated'] })
export class LateQuoteSubscriber implements EventSubscriber {
  constructor(private readonly late: LateSubjects) {}

  async handle(event: ReceivedEvent): Promise<void> {
    const { id, validity_period } = event.data.quote as QuoteView;
    const end = validity_period?.end;
    if (end == null) return;
    const day = addDays(end, 1);
    if (this.late.daysSince(event).includes(day)) await this.late.lookAt(QUOTE_EXPIRIES, id, day, event);
  }
}
