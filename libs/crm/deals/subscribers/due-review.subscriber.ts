import { Injectable } from '@nestjs/common';
import { type EventSubscriber, type ReceivedEvent, Subscribe } from '#platform/messaging';
import { LateSubjects } from '#platform/reminders';
import type { DealView } from '../contracts.js';
import { DEAL_REVIEWS } from '../deal-reviews.js';

/** A deal that is opened or changed with a review due that day or before is told at once, not next morning. */
@Injectable()
@Subscribe({ queue: 'crm.worker.deal-reviews', keys: ['deal.created', 'deal.updated'] })
export class DueReviewSubscriber implements EventSubscriber {
  constructor(private readonly late: LateSubjects) {}

  async handle(event: ReceivedEvent): Promise<void> {
    const deal = event.data.deal as DealView;
    if (deal.is_deleted || deal.closed_at !== null) return;
    for (const day of this.late.daysSince(event)) {
      if (deal.next_review_at <= day) await this.late.lookAt(DEAL_REVIEWS, deal.id, day, event);
    }
  }
}
