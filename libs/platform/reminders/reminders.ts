import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { type CalendarDate, Clock, newId } from '#platform/kernel';
import { type Change, EventLog } from '#platform/messaging';
import { Database, statement, type Statement, UnitOfWork } from '#platform/persistence';
import type { Reminder, ReminderKind } from './reminder.js';

/** Subjects of one transaction: their rows are held no longer than it takes to tell of so many. */
const BATCH = 500;

/** Who inserts the row tells of the subject; whoever comes second finds it there and is silent. */
const CLAIM = statement(
  `INSERT INTO crm.reminders (kind, subject_id, due_on, event_id, created_at)
   SELECT $1::text, r.subject_id, $2::date, r.event_id, $3::timestamptz
   FROM unnest($4::uuid[], $5::uuid[]) AS r (subject_id, event_id)
   ON CONFLICT DO NOTHING RETURNING subject_id AS "subjectId", event_id AS "eventId"`,
);

/** A subject that was due when it was looked for, and where it stood in the kind's order. */
interface FoundSubject {
  readonly id: string;
  readonly place: readonly string[];
}

/** A row of the kind's columns. */
type DueRow<R> = R & { readonly subject_id: string };

/**
 * Gives reminders: the claim and the event commit together, so each subject is told of once per kind and day, however
 * often and wherever this runs.
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

  /** One subject on one day, in the open unit of work; nothing when it is not due or was told of. */
  async remindOne<R extends object>(kind: ReminderKind<R>, subjectId: string, day: CalendarDate): Promise<void> {
    await this.unitOfWork.run(() => this.tell(kind, [subjectId], day));
  }

  /** Every subject that is due on a day, in short transactions, each of which is done for good. */
  async remindAll<R extends object>(kind: ReminderKind<R>, day: CalendarDate): Promise<void> {
    const first = findStatement(kind);
    const next = findStatement(kind, (number) => behind(kind, number));
    let place: readonly string[] | undefined;
    do {
      const values = [day, this.settings.timeZone, kind.name, ...(place ?? [])];
      const found: FoundSubject[] = await this.database.query<FoundSubject>(place ? next : first, values);
      const ids = found.map(({ id }) => id);
      await this.unitOfWork.run(() => this.tell(kind, ids, day));
      place = found.length === BATCH ? found.at(-1)?.place : undefined;
    } while (place);
  }

  private async tell<R extends object>(
    kind: ReminderKind<R>,
    subjectIds: readonly string[],
    day: CalendarDate,
  ): Promise<void> {
    if (kind.origin !== undefined) await this.database.query(holdStatement(kind, kind.origin), [subjectIds]);
    const values = [day, this.settings.timeZone, kind.name, subjectIds];
    const rows = await this.database.query<DueRow<R>>(dueStatement(kind), values);
    if (rows.length === 0) return;
    const now = this.clock.now();
    const ids = rows.map(({ subject_id }) => subject_id);
    const claims = [kind.name, day, now, ids, ids.map(() => newId())];
    const claimed = await this.database.query<{ subjectId: string; eventId: string }>(CLAIM, claims);
    const eventIds = new Map(claimed.map(({ subjectId, eventId }) => [subjectId, eventId]));
    const changes = rows.flatMap(({ subject_id, ...row }) => {
      const eventId = eventIds.get(subject_id);
      if (eventId === undefined) return [];
      const key = `${kind.name}/${subject_id}/${day}`;
      return [changeOf(kind.reminderOf(row as unknown as R, day), key, eventId)];
    });
    if (changes.length > 0) await this.log.append(changes, now);
  }
}

/**
 * The next subjects that are due on a day. They are not held: a row that was waited for shows the place it has come to
 * meanwhile, and whoever went on from there would leave out what stands between.
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

/** Keeps whose some subjects are as it is until the transaction ends; what comes of it is read by another statement. */
function holdStatement({ alias, from }: Pick<ReminderKind, 'alias' | 'from'>, origin: string): Statement {
  // The second condition makes an inner join of an outer one, whose far side PostgreSQL would not lock.
  return statement(
    `SELECT ${origin}.id FROM ${from} WHERE ${alias}.id = ANY ($1::uuid[]) AND ${origin}.id IS NOT NULL
     ORDER BY ${origin}.id FOR SHARE OF ${origin}`,
  );
}

/**
 * Those of some subjects that are due on a day. They are held until the transaction ends: what is told of them is true
 * when it is told.
 */
function dueStatement(kind: ReminderKind<never>): Statement {
  const { alias, columns } = kind;
  return statement(
    `SELECT ${columns}, ${alias}.id AS subject_id ${dueSql(kind)} AND ${alias}.id = ANY ($4::uuid[])
     ORDER BY ${alias}.id FOR SHARE OF ${alias}`,
  );
}

/** Subjects that are due on a day, existed by its end, and were not told of. Parameters: day, time zone, kind. */
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

function changeOf(reminder: Reminder, key: string, eventId: string): Change {
  const { eventType, stream, dealId, clientId, audience, assigneeIds, assigneeRoles, dueDate } = reminder;
  const data = {
    ...reminder.data,
    key,
    due_date: dueDate,
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
