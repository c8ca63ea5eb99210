import { Injectable } from '@nestjs/common';
import { type HandlesJobs, JobHandler, type JobRequest } from '#platform/jobs';
import { ReviewReminders } from '../review-reminders.js';
import { DEAL_REVIEWS } from './deal-reviews.queue.js';

/** One deal that was opened or changed with a review that is due already. */
@Injectable()
@JobHandler({ queue: DEAL_REVIEWS, name: 'remind-deal' })
export class RemindDealReviewJob implements HandlesJobs<{ deal_id: string; day: string }> {
  constructor(private readonly reminders: ReviewReminders) {}

  async handle({ payload }: JobRequest<{ deal_id: string; day: string }>): Promise<void> {
    await this.reminders.remindOne(payload.deal_id, payload.day);
  }
}
