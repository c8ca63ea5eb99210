import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { businessDay, Clock } from '#platform/kernel';
import { JobRequests } from '#platform/jobs';
import { type EventSubscriber, type ReceivedEvent, Subscribe } from '#platform/messaging';
import type { DealView } from '../contracts.js';
import { DEAL_REVIEWS } from '../jobs/deal-reviews.queue.js';

/** A deal that is opened or changed with a review due today or before is told at once, not next morning. */
@Injectable()
@Subscribe({ queue: 'crm.worker.deal-reviews', keys: ['deal.created', 'deal.updated'] })
export class DueReviewSubscriber implements EventSubscriber {
  constructor(
    private readonly jobs: JobRequests,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async handle({ id, data }: ReceivedEvent): Promise<void> {
    const deal = data.deal as DealView;
    const day = businessDay(this.clock.now(), this.settings.timeZone);
    if (deal.is_deleted || deal.closed_at !== null || deal.next_review_at > day) return;
    const payload = { deal_id: deal.id, day };
    // By event, not by day: a review may be put off and brought back on the same day.
    await this.jobs.request({ queue: DEAL_REVIEWS, name: 'remind-deal', key: id, payload });
  }
}
