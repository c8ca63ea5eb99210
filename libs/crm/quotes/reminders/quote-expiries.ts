import { addDays } from '#platform/kernel';
import { audienceOf } from '#platform/messaging';
import { type ReminderKind, writtenDate } from '#platform/reminders';
import type { QuoteView } from '../contracts.js';
import { QUOTE_EXPIRED } from '../quote.event-types.js';
import { type QuoteRow, quoteView, QUOTE_COLUMNS } from '../queries/quote-row.js';

interface QuoteOfDealRow extends QuoteRow {
  readonly client_id: string;
  readonly deal_owner_id: string | null;
  readonly executor_id: string | null;
}

/**
 * Quotes on the day after their validity: those that an open deal may still stand on, so none that is archived or whose
 * policy was issued.
 */
export const QUOTE_EXPIRIES: ReminderKind<QuoteOfDealRow> = {
  name: QUOTE_EXPIRED.key,
  queue: 'quote-expiries',
  columns: `${QUOTE_COLUMNS}, d.client_id, d.owner_id AS deal_owner_id, d.executor_id`,
  from: 'crm.quotes q JOIN crm.deals d ON d.id = q.deal_id',
  alias: 'q',
  origin: { id: 'd.id', relation: 'crm.deal_access' },
  due: (day) => `upper(q.validity) = ${day} AND q.status <> 'archived' AND NOT q.is_deleted
    AND d.closed_at IS NULL AND NOT d.is_deleted AND NOT EXISTS (
      SELECT FROM crm.policies p WHERE p.quote_id = q.id AND NOT p.is_deleted AND p.status <> 'draft')`,
  order: [{ column: 'q.id', type: 'uuid' }],
  changes: {
    types: ['deal.quote.created', 'deal.quote.updated'],
    subjectOf: ({ quote }) => (quote as QuoteView).id,
  },
  reminderOf: ({ client_id, deal_owner_id, executor_id, ...row }, { day, today }) => {
    const quote = quoteView(row, today);
    const { deal_id } = quote;
    const assignee = executor_id ?? deal_owner_id;
    return {
      eventType: QUOTE_EXPIRED,
      stream: `deals/${deal_id}`,
      dealId: deal_id,
      clientId: client_id,
      audience: audienceOf([deal_owner_id], [executor_id]),
      // The executor, who collects quotes, requests a new one.
      assigneeIds: assignee === null ? [] : [assignee],
      assigneeRoles: assignee === null ? ['lead'] : [],
      dueDate: today,
      subject: `Истёк срок котировки ${quote.insurance_company}`,
      description: `Срок действия котировки закончился ${day === today ? 'вчера' : writtenDate(addDays(day, -1))}. Запросите у страховой компании новый расчёт или уберите её в архив.`,
      data: { deal_id, client_id, quote_id: quote.id, quote },
    };
  },
};

/** The Bull queues of quotes. */
export const QUOTE_QUEUES = [QUOTE_EXPIRIES.queue];
