import type { CalendarDate } from '#platform/kernel';
import { audienceOf } from '#platform/messaging';
import { type ReminderKind, writtenDate } from '#platform/reminders';
import { DEAL_REVIEW_DUE } from '../deal.event-types.js';
import { DEAL_COLUMNS, type DealRow, dealView } from '../queries/deal-row.js';

/** Open deals on the day of their next review, and each day after it until it is moved. */
export const DEAL_REVIEWS: ReminderKind<DealRow> = {
  name: DEAL_REVIEW_DUE.key,
  queue: 'deal-reviews',
  columns: DEAL_COLUMNS,
  from: 'crm.deals d',
  alias: 'd',
  origin: { id: 'd.id', relation: 'crm.deal_access' },
  due: (day) => `d.next_review_at <= ${day} AND d.closed_at IS NULL AND NOT d.is_deleted`,
  isDueUntilChanged: true,
  order: [
    { column: 'd.next_review_at', type: 'date' },
    { column: 'd.updated_at', type: 'timestamptz' },
    { column: 'd.id', type: 'uuid' },
  ],
  changes: { types: ['deal.created', 'deal.updated'], subjectOf: ({ deal_id }) => deal_id as string },
  reminderOf: (row, { today }) => {
    const deal = dealView(row);
    const isOverdue = deal.next_review_at < today;
    const assignee = deal.owner_id ?? deal.executor_id;
    return {
      eventType: DEAL_REVIEW_DUE,
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.client_id,
      audience: audienceOf([deal.owner_id], [deal.executor_id]),
      assigneeIds: assignee === null ? [] : [assignee],
      // A team lead assigns a deal without an owner.
      assigneeRoles: assignee === null ? ['lead'] : [],
      dueDate: today,
      lateSince: deal.next_review_at,
      subject: `Обзор сделки «${deal.title}»`,
      description: description(deal.next_review_at, isOverdue),
      data: {
        deal_id: deal.id,
        client_id: deal.client_id,
        kind: isOverdue ? 'overdue' : 'due',
        assignee_id: assignee,
        deal,
      },
    };
  },
};

function description(plannedOn: CalendarDate, isOverdue: boolean): string {
  const act = 'Проверьте сделку и назначьте дату следующего обзора.';
  if (!isOverdue) return `Обзор запланирован на сегодня. ${act}`;
  return `Обзор был запланирован на ${writtenDate(plannedOn)} и просрочен. ${act}`;
}

/** The Bull queues of deals. */
export const DEAL_QUEUES = [DEAL_REVIEWS.queue];
