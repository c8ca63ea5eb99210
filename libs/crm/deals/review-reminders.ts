import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { type CalendarDate, Clock, newId } from '#platform/kernel';
import { type Change, EventLog } from '#platform/messaging';
import { Database, SqlConditions, statement, UnitOfWork } from '#platform/persistence';
import { DEAL_REVIEW_DUE } from './deal.event-types.js';
import { OPEN_STATUSES } from './deal-stage.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './queries/deal-row.js';

/** Kind of the reminder in `crm.reminders`, and the first part of its key. */
const REVIEW = DEAL_REVIEW_DUE.key;
const BATCH = 200;

const MARK = statement(
  `INSERT INTO crm.reminders (kind, subject_id, due_on, event_id, created_at)
   SELECT $1::text, r.subject_id, $2::date, r.event_id, $3::timestamptz
   FROM unnest($4::uuid[], $5::uuid[]) AS r (subject_id, event_id)
   ON CONFLICT DO NOTHING RETURNING subject_id AS "dealId", event_id AS "eventId"`,
);

/**
 * Says that deals must be looked at: on the day of their next review, and each day after it until somebody moves it.
 * The mark and the event commit together, so each deal is told once a day however often this runs.
 */
@Injectable()
export class ReviewReminders {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** One deal on one day; nothing when it is closed, deleted or not due. */
  async remindOne(dealId: string, day: CalendarDate): Promise<void> {
    const conditions = this.due(day);
    conditions.add((placeholder) => `d.id = ${placeholder}::uuid`, dealId);
    await this.unitOfWork.run(async () => this.tell(await this.select(conditions), day));
  }

  /** Every deal that is due on a day, in short transactions, each of which is done for good. */
  async remindAll(day: CalendarDate): Promise<void> {
    let last: DealRow | undefined;
    do {
      const conditions = this.due(day);
      if (last) {
        const key = [last.next_review_at, last.updated_at, last.id];
        conditions.addKey('(d.next_review_at, d.updated_at, d.id)', ['date', 'timestamptz', 'uuid'], key);
      }
      const rows = await this.unitOfWork.run(async () => {
        const batch = await this.select(conditions);
        await this.tell(batch, day);
        return batch;
      });
      last = rows.length === BATCH ? rows.at(-1) : undefined;
    } while (last);
  }

  /** Open deals whose review is not after `day` and which existed by the end of it, not told yet. */
  private due(day: CalendarDate): SqlConditions {
    const conditions = new SqlConditions('NOT d.is_deleted');
    conditions.add((placeholder) => `d.status = ANY (${placeholder}::text[])`, OPEN_STATUSES);
    conditions.add((placeholder) => `d.next_review_at <= ${placeholder}::date`, day);
    const [zone, on, kind] = [0, 1, 2].map((offset) => `$${conditions.nextParameter + offset}`);
    conditions.addNumbered(
      `(d.created_at AT TIME ZONE ${zone}::text)::date <= ${on}::date AND NOT EXISTS (
         SELECT 1 FROM crm.reminders r WHERE r.kind = ${kind}::text AND r.subject_id = d.id AND r.due_on = ${on}::date)`,
      [this.settings.timeZone, day, REVIEW],
    );
    return conditions;
  }

  /** The rows are held until the transaction ends: what is told of a deal is true when it is told. */
  private select(conditions: SqlConditions): Promise<DealRow[]> {
    return this.database.query<DealRow>(
      statement(
        `SELECT ${DEAL_COLUMNS} FROM crm.deals d WHERE ${conditions.sql}
         ORDER BY d.next_review_at, d.updated_at, d.id LIMIT ${BATCH} FOR SHARE OF d`,
      ),
      conditions.values,
    );
  }

  private async tell(deals: readonly DealRow[], day: CalendarDate): Promise<void> {
    if (deals.length === 0) return;
    const now = this.clock.now();
    const ids = deals.map(({ id }) => id);
    const marked = await this.database.query<{ dealId: string; eventId: string }>(MARK, [
      REVIEW,
      day,
      now,
      ids,
      ids.map(() => newId()),
    ]);
    const eventIds = new Map(marked.map(({ dealId, eventId }) => [dealId, eventId]));
    const fresh = deals.filter(({ id }) => eventIds.has(id));
    if (fresh.length === 0) return;
    await this.log.append(
      fresh.map((deal) => reminderOf(deal, day, eventIds.get(deal.id)!)),
      now,
    );
  }
}

function reminderOf(row: DealRow, day: CalendarDate, eventId: string): Change {
  const deal = dealView(row);
  const isOverdue = deal.next_review_at < day;
  return {
    stream: `deals/${deal.id}`,
    dealId: deal.id,
    clientId: deal.client_id,
    actorId: null,
    audience: [deal.owner_id, deal.executor_id].filter((id) => id !== null),
    events: [
      DEAL_REVIEW_DUE.fact(
        {
          deal_id: deal.id,
          client_id: deal.client_id,
          key: `${REVIEW}/${deal.id}/${day}`,
          kind: isOverdue ? 'overdue' : 'due',
          due_date: day,
          assignee_id: deal.owner_id ?? deal.executor_id,
          subject: `Review the deal "${deal.title}"`,
          description: isOverdue
            ? `Its review was planned for ${deal.next_review_at} and is overdue. Look at the deal and set the next review.`
            : 'Its review is planned for today. Look at the deal and set the next review.',
          deal,
        },
        { id: eventId },
      ),
    ],
  };
}
