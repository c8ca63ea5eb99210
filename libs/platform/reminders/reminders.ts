import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { type CalendarDate, Clock, daysBetween, newId } from '#platform/kernel';
import { type Change, EventLog } from '#platform/messaging';
import { Database, statement, type Statement, UnitOfWork } from '#platform/persistence';
import type { Reminder, ReminderDates, ReminderKind, ReminderOrigin } from './reminder.js';

/** Subjects of one transaction, whose rows are locked until it commits. */
const BATCH = 500;

/** Only the transaction that inserts the row publishes the reminder; a concurrent one finds the row and does nothing. */
const CLAIM = statement(
  `INSERT INTO crm.reminders (kind, subject_id, due_on, event_id, created_at)
   SELECT $1::text, r.subject_id, $2::date, r.event_id, $3::timestamptz
   FROM unnest($4::uuid[], $5::uuid[]) AS r (subject_id, event_id)
   ON CONFLICT DO NOTHING RETURNING subject_id AS "subjectId", event_id AS "eventId"`,
);

/** A subject that was due when it was selected, and its place in the kind's order. */
interface FoundSubject {
  readonly id: string;
  readonly place: readonly string[];
}

/** Subjects of a kind that may be due on a day. */
export interface DueCandidates {
  readonly kind: ReminderKind<never>;
  readonly subjectIds: readonly string[];
  readonly day: CalendarDate;
}

/** A row of the kind's columns. */
type DueRow<R> = R & { readonly subject_id: string };

/**
 * Publishes reminders: the claim and the event commit together, so each subject gets one per kind and day, however often
 * and in however many workers this runs.
 */
@Injectable()
export class Reminders {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** Every subject that is due on a day, in short transactions, each of which is final. */
  async remindAll(kind: ReminderKind<never>, dates: ReminderDates): Promise<void> {
    const first = findStatement(kind);
    const next = findStatement(kind, (number) => behind(kind, number));
    let place: readonly string[] | undefined;
    do {
      const values = [dates.day, this.settings.timeZone, kind.name, ...(place ?? [])];
      const found: FoundSubject[] = await this.database.query<FoundSubject>(place ? next : first, values);
      const ids = found.map(({ id }) => id);
      await this.unitOfWork.run(async () => {
        await this.lockOrigins([{ kind, subjectIds: ids }]);
        await this.append(await this.claim(kind, ids, dates));
      });
      place = found.length === BATCH ? found.at(-1)?.place : undefined;
    } while (place);
  }

  /**
   * Those of some subjects that are due, in the open unit of work. One query for each element of `candidates` selects
   * them without a lock; the rest of the work is for the due ones alone.
   */
  async remindDue(candidates: readonly DueCandidates[], today: CalendarDate): Promise<void> {
    const due: DueCandidates[] = [];
    for (const { kind, subjectIds, day } of candidates) {
      const values = [day, this.settings.timeZone, kind.name, subjectIds];
      const found = await this.database.query<{ id: string }>(findAmongStatement(kind), values);
      if (found.length > 0) due.push({ kind, subjectIds: found.map(({ id }) => id), day });
    }
    await this.lockOrigins(due);
    await this.lockSubjects(due);
    const changes: Change[] = [];
    for (const { kind, subjectIds, day } of due) changes.push(...(await this.claim(kind, subjectIds, { day, today })));
    await this.append(changes);
  }

  /**
   * Locks the owners of subjects of all kinds in one order until the transaction ends: kind by kind they could deadlock
   * with a command that locks several deals.
   */
  private async lockOrigins(subjects: readonly Pick<DueCandidates, 'kind' | 'subjectIds'>[]): Promise<void> {
    const ids = new Map<string, Set<string>>();
    for (const { kind, subjectIds } of subjects) {
      if (!kind.origin) continue;
      const found = await this.database.query<{ id: string }>(originsStatement(kind, kind.origin), [subjectIds]);
      const known = ids.get(kind.origin.relation) ?? new Set();
      ids.set(kind.origin.relation, new Set([...known, ...found.map(({ id }) => id)]));
    }
    for (const [relation, origins] of ids) await this.database.query(lockStatement(relation), [[...origins]]);
  }

  /**
   * Locks the subjects of all kinds by id until the transaction ends. Subjects without an owner, such as policies without
   * a deal, have no other lock, and kind by kind they could deadlock with a command that locks several of them.
   */
  private async lockSubjects(subjects: readonly Pick<DueCandidates, 'kind' | 'subjectIds'>[]): Promise<void> {
    const ids = new Map<Statement, string[]>();
    for (const { kind, subjectIds } of subjects) {
      const lock = lockSubjectsStatement(kind);
      ids.set(lock, [...(ids.get(lock) ?? []), ...subjectIds]);
    }
    for (const [lock, subjectIds] of ids) await this.database.query(lock, [subjectIds]);
  }

  /** Locks the subjects that are still due, claims their reminders and returns what is to be appended. */
  private async claim<R extends object>(
    kind: ReminderKind<R>,
    subjectIds: readonly string[],
    dates: ReminderDates,
  ): Promise<Change[]> {
    const { day } = dates;
    const values = [day, this.settings.timeZone, kind.name, subjectIds];
    const rows = await this.database.query<DueRow<R>>(dueStatement(kind), values);
    if (rows.length === 0) return [];
    const ids = rows.map(({ subject_id }) => subject_id);
    const claims = [kind.name, day, this.clock.now(), ids, ids.map(() => newId())];
    const claimed = await this.database.query<{ subjectId: string; eventId: string }>(CLAIM, claims);
    const eventIds = new Map(claimed.map(({ subjectId, eventId }) => [subjectId, eventId]));
    return rows.flatMap(({ subject_id, ...row }) => {
      const eventId = eventIds.get(subject_id);
      if (eventId === undefined) return [];
      const key = `${kind.name}/${subject_id}/${day}`;
      return [changeOf(kind.reminderOf(row as unknown as R, dates), { key, eventId, dates })];
    });
  }

  private async append(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await this.log.append(changes, this.clock.now());
  }
}

/**
 * The next page of subjects that are due on a day. They are not locked: a row that was waited for shows its new place in
 * the order, and a page that started there would omit the rows between.
 * @param more one further condition, which gets the number of its first parameter.
 */
function findStatement(kind: ReminderKind<never>, more?: (first: number) => string): Statement {
  const { alias, order } = kind;
  const place = order.map(({ column }) => `${column}::text`).join(', ');
  return statement(
    `SELECT ${alias}.id, ARRAY[${place}] AS place ${dueSql(kind)} ${more ? `AND ${more(4)}` : ''}
     ORDER BY ${order.map(({ column }) => column).join(', ')} LIMIT ${BATCH}`,
  );
}

/** Those of some subjects that are due on a day, without a lock. */
function findAmongStatement(kind: ReminderKind<never>): Statement {
  return statement(`SELECT ${kind.alias}.id ${dueSql(kind)} AND ${kind.alias}.id = ANY ($4::uuid[])`);
}

/** The owners of some subjects, without a lock. */
function originsStatement({ alias, from }: Pick<ReminderKind, 'alias' | 'from'>, { id }: ReminderOrigin): Statement {
  return statement(
    `SELECT DISTINCT ${id} AS id FROM ${from} WHERE ${alias}.id = ANY ($1::uuid[]) AND ${id} IS NOT NULL`,
  );
}

/** Locks owners until the transaction ends; they are read by the next statement. */
function lockStatement(relation: string): Statement {
  return statement(`SELECT id FROM ${relation} WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE`);
}

/** Locks subjects, due or not, until the transaction ends; the same statement for kinds with the same subjects. */
function lockSubjectsStatement({ alias, from }: Pick<ReminderKind, 'alias' | 'from'>): Statement {
  return statement(
    `SELECT ${alias}.id FROM ${from} WHERE ${alias}.id = ANY ($1::uuid[]) ORDER BY ${alias}.id FOR SHARE OF ${alias}`,
  );
}

/** Those of some subjects that are due on a day, locked until the transaction ends, so that the reminder is true. */
function dueStatement(kind: ReminderKind<never>): Statement {
  const { alias, columns } = kind;
  return statement(
    `SELECT ${columns}, ${alias}.id AS subject_id ${dueSql(kind)} AND ${alias}.id = ANY ($4::uuid[])
     ORDER BY ${alias}.id FOR SHARE OF ${alias}`,
  );
}

/** Subjects that are due on a day, existed by its end, and have no reminder of it. Parameters: day, time zone, kind. */
function dueSql({ alias, due, from }: Pick<ReminderKind, 'alias' | 'due' | 'from'>): string {
  return `FROM ${from} WHERE ${due('$1::date')}
    AND ${alias}.created_at < ($1::date + 1)::timestamp AT TIME ZONE $2::text
    AND NOT EXISTS (SELECT FROM crm.reminders r
      WHERE r.kind = $3::text AND r.subject_id = ${alias}.id AND r.due_on = $1::date)`;
}

function behind({ order }: Pick<ReminderKind, 'order'>, first: number): string {
  const placeholders = order.map(({ type }, index) => `$${first + index}::${type}`);
  return `(${order.map(({ column }) => column).join(', ')}) > (${placeholders.join(', ')})`;
}

function changeOf(
  reminder: Reminder,
  { key, eventId, dates }: { readonly key: string; readonly eventId: string; readonly dates: ReminderDates },
): Change {
  const { eventType, stream, dealId, clientId, audience, assigneeIds, assigneeRoles, dueDate } = reminder;
  const data = {
    ...reminder.data,
    key,
    due_date: dueDate,
    days_late: daysBetween(reminder.lateSince ?? dates.day, dates.today),
    assignee_ids: assigneeIds,
    assignee_roles: assigneeRoles,
    subject: reminder.subject,
    description: reminder.description,
  };
  return {
    stream,
    ...(dealId !== undefined && { dealId }),
    clientId,
    actorId: null,
    audience,
    events: [eventType.fact(data, { id: eventId })],
  };
}
