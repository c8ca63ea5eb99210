import { Injectable } from '@nestjs/common';
import { addDays } from '#platform/kernel';
import { type EventSubscriber, type ReceivedEvent, Subscribe } from '#platform/messaging';
import { LateSubjects } from '#platform/reminders';
import type { PolicyView } from '../contracts.js';
import { POLICY_REMINDERS } from '../policy-reminders.js';

/** A policy put into force or moved to an end of which that day is one to tell is told at once, or never would be. */
@Injectable()
@Subscribe({ queue: 'crm.worker.policy-reminders', keys: ['deal.policy.updated', 'policy.updated'] })
export class LatePolicySubscriber implements EventSubscriber {
  constructor(private readonly late: LateSubjects) {}

  async handle(event: ReceivedEvent): Promise<void> {
    const { id, status, effective_to } = event.data.policy as PolicyView;
    if (status !== 'active' || effective_to === null) return;
    const since = this.late.daysSince(event);
    for (const { kind, days } of POLICY_REMINDERS) {
      const told = days.map((count) => addDays(effective_to, count));
      for (const day of told) if (since.includes(day)) await this.late.lookAt(kind, id, day, event);
    }
  }
}
