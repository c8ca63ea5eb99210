import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { CalendarDate } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { ReminderFollowUp } from '#platform/reminders';
import { ExpirePolicyCommand } from './commands/expire-policy.command.js';
import { isOver } from './policy-succession.js';

const BATCH = 500;
const AT_ONCE = 4;

const OVER = statement(
  `SELECT p.id, p.effective_to FROM crm.policies p
   WHERE NOT p.is_deleted AND ${isOver('$1::date')}
     AND (p.effective_to, p.id) > ($2::date, $3::uuid)
   ORDER BY p.effective_to, p.id LIMIT ${BATCH}`,
);

interface Ended {
  readonly id: string;
  readonly effective_to: CalendarDate;
}

const FIRST: Ended = { id: '00000000-0000-0000-0000-000000000000', effective_to: '-infinity' };

/** Closes policies whose cover is over: when the successor is in force, or on the third day in any case. */
@Injectable()
export class PolicyClosing implements ReminderFollowUp {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
  ) {}

  /** Closes each policy in its own unit of work, with its own journal entry and events. */
  async afterReminders(day: CalendarDate): Promise<void> {
    let last: Ended | undefined = FIRST;
    while (last) {
      const ended: Ended[] = await this.database.query<Ended>(OVER, [day, last.effective_to, last.id]);
      await this.close(ended.map(({ id }) => id));
      last = ended.length === BATCH ? ended.at(-1) : undefined;
    }
  }

  /** A few at a time: mostly they wait for round trips. */
  private async close(policyIds: string[]): Promise<void> {
    while (policyIds.length > 0) {
      const few = policyIds.splice(0, AT_ONCE);
      await Promise.all(few.map((id) => this.commands.execute(new ExpirePolicyCommand(id))));
    }
  }
}
