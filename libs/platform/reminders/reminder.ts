import type { Type } from '@nestjs/common';
import type { CalendarDate } from '#platform/kernel';
import type { Audience, EventType } from '#platform/messaging';

/** What happens once the reminders of a day, and of every day before it, are given. */
export interface ReminderFollowUp {
  /** May be run again for the same day, and even while another run goes on. */
  afterReminders(day: CalendarDate): Promise<void>;
}

/** What one subject's reminder says. */
export interface Reminder {
  readonly eventType: EventType;
  readonly stream: string;
  readonly dealId?: string;
  readonly clientId: string;
  readonly audience: Audience;
  /** Who should act; empty when a role is named instead. */
  readonly assigneeIds: readonly string[];
  /** Roles of which somebody should act, where nobody is named. */
  readonly assigneeRoles: readonly string[];
  /** By when they should. */
  readonly dueDate: CalendarDate;
  /** The title of a task, in the language of the business, without personal data. */
  readonly subject: string;
  readonly description: string;
  /** Ids and the resource, as other events of the domain carry them. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A column along which subjects are walked, in the order of an index. */
export interface ReminderOrder {
  /** SQL. */
  readonly column: string;
  /** Its type in PostgreSQL. */
  readonly type: string;
}

/** A kind of reminder, as the domain that owns the subjects declares it: which are due on a day, and what to say. */
export interface ReminderKind<R extends object = object> {
  /** Stands in `crm.reminders` and begins each key, e.g. `deal.payment.due`. */
  readonly name: string;
  /** Its own Bull queue, e.g. `payments-due`. */
  readonly queue: string;
  /** SQL of what {@link reminderOf} needs of a row. */
  readonly columns: string;
  /** SQL behind FROM; names the subject's table {@link alias}. */
  readonly from: string;
  /** The subject's table, with `id` and `created_at`; its rows are held while they are told of. */
  readonly alias: string;
  /**
   * Another table of {@link from}, when whose the subject is stands there: its rows, by `id`, are held before the
   * subjects, as by everybody else.
   */
  readonly origin?: string;
  /** SQL that is true for the subjects due on the day of this placeholder. */
  readonly due: (day: string) => string;
  /** Ends with what makes a subject unique. */
  readonly order: readonly ReminderOrder[];
  /** A provider of the module that declares the kind. */
  readonly followUp?: Type<ReminderFollowUp>;
  reminderOf(row: R, day: CalendarDate): Reminder;
}

/** Name of a kind's daily job, and of its schedule. */
export function dailyJobOf({ queue }: Pick<ReminderKind, 'queue'>): string {
  return `remind-${queue}`;
}

/** Name of the job that looks at one subject, within the kind's queue. */
export const REMIND_ONE = 'remind-one';

/** The work of {@link REMIND_ONE}. */
export interface OneSubject extends Readonly<Record<string, string>> {
  readonly subject_id: string;
  readonly day: CalendarDate;
}
