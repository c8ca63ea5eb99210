import { Injectable } from '@nestjs/common';
import { DailySchedule, type HandlesJobs, JobHandler, type JobRequest } from '#platform/jobs';
import { ReviewReminders } from '../review-reminders.js';
import { DEAL_REVIEWS } from './deal-reviews.queue.js';

/** Each morning: every deal whose review is due or overdue. Commits in parts, each told once. */
@Injectable()
@JobHandler({ queue: DEAL_REVIEWS, name: 'remind-day', transactional: false })
@DailySchedule({ at: '06:00' })
export class RemindDealReviewsJob implements HandlesJobs<{ day: string }> {
  constructor(private readonly reminders: ReviewReminders) {}

  async handle({ payload }: JobRequest<{ day: string }>): Promise<void> {
    await this.reminders.remindAll(payload.day);
  }
}
