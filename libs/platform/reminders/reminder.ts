import type { Type } from '@nestjs/common';
import type { CalendarDate } from '#platform/kernel';
import type { Audience, EventType } from '#platform/messaging';

/** Runs once the reminders of a day, and of every day before it, are published. */
export interface ReminderFollowUp {
  /** May be run again for the same day, and even while another run is in progress. */
  afterReminders(day: CalendarDate): Promise<void>;
}

/** What one subject's reminder says. */
export interface Reminder {
  readonly eventType: EventType;
  readonly stream: string;
  readonly dealId?: string;
  readonly clientId: string;
  readonly audience: Audience;
  /** Users who should act; empty when a role is named instead. */
  readonly assigneeIds: readonly string[];
  /** Roles of which one user should act, when no user is named. */
  readonly assigneeRoles: readonly string[];
  /** By when they should. */
  readonly dueDate: CalendarDate;
  /** The date that has passed, if it is not the reminder's own date. */
  readonly lateSince?: CalendarDate;
  /** The title of a task, in the language of the business, without personal data. */
  readonly subject: string;
  readonly description: string;
  /** Ids and the resource, as other events of the domain carry them. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** When a reminder is published. */
export interface ReminderDates {
  /** The date on which the subject is due; part of the reminder's key. */
  readonly day: CalendarDate;
  /** The present business day: later than {@link day} when the reminder is late. */
  readonly today: CalendarDate;
}

/** A column by which subjects are paged, in the order of an index. */
export interface ReminderOrder {
  /** SQL. */
  readonly column: string;
  /** Its type in PostgreSQL. */
  readonly type: string;
}

/** Events after which a subject may be due on the same day. */
export interface SubjectChanges {
  /** Routing keys. */
  readonly types: readonly string[];
  /** The subject's id in the data of such an event. */
  readonly subjectOf: (data: Readonly<Record<string, unknown>>) => string;
}

/** The owner of subjects of several kinds: a deal. */
export interface ReminderOrigin {
  /** SQL of its id, null for a subject without one. */
  readonly id: string;
  /** Table or view with `id`, whose rows are locked; the same for each kind with this owner. */
  readonly relation: string;
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
  /** The subject's table, with `id` and `created_at`; its rows are locked while their reminders are published. */
  readonly alias: string;
  /** The rows that are locked before the subjects, as by every other transaction; absent when a subject has none. */
  readonly origin?: ReminderOrigin;
  /** SQL that is true for the subjects due on the day of this placeholder. */
  readonly due: (day: string) => string;
  /** Whether a subject stays due each day until it is changed: then only the last of several missed days is published. */
  readonly isDueUntilChanged?: boolean;
  /** Ends with what makes a subject unique. */
  readonly order: readonly ReminderOrder[];
  readonly changes: SubjectChanges;
  /** A provider of the module that declares the kind. */
  readonly followUp?: Type<ReminderFollowUp>;
  reminderOf(row: R, dates: ReminderDates): Reminder;
}

/** Name of a kind's daily job, and of its schedule. */
export function dailyJobOf({ queue }: Pick<ReminderKind, 'queue'>): string {
  return `remind-${queue}`;
}

/** Name of the job that publishes the reminder of one subject, within the kind's queue. */
export const REMIND_ONE = 'remind-one';

/** The payload of {@link REMIND_ONE}. */
export interface OneSubject extends Readonly<Record<string, string>> {
  readonly subject_id: string;
  readonly day: CalendarDate;
}

const PLURAL = new Intl.PluralRules('ru');
const DAYS: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: 'день', few: 'дня' };

/** A number of days in Russian: `1 день`, `3 дня`, `14 дней`. */
export function dayCount(count: number): string {
  return `${count} ${DAYS[PLURAL.select(count)] ?? 'дней'}`;
}

/** A date as it is written in Russian: `03.04.2026`. */
export function writtenDate(date: CalendarDate): string {
  return date.split('-').reverse().join('.');
}
