import { Injectable } from '@nestjs/common';
import { type HandlesJobs, JobHandler, type JobRequest } from '#platform/jobs';
import { ReviewReminders } from '../review-reminders.js';
import { DEAL_REVIEWS } from './deal-reviews.queue.js';

/** One deal that was opened or changed with a review that is due already. */
export type RemindDealReviewPayload = { readonly deal_id: string; readonly day: string };

@Injectable()
@JobHandler({ queue: DEAL_REVIEWS, name: 'remind-deal' })
export class RemindDealReviewJob implements HandlesJobs<RemindDealReviewPayload> {
  constructor(private readonly reminders: ReviewReminders) {}

  async handle({ payload }: JobRequest<RemindDealReviewPayload>): Promise<void> {
    await this.reminders.remindOne(payload.deal_id, payload.day);
  }
}
