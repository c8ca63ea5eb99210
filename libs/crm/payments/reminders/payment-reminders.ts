import { type CalendarDate, daysBetween } from '#platform/kernel';
import { audienceOf, type EventType } from '#platform/messaging';
import { dayCount, type Reminder, type ReminderKind, writtenDate } from '#platform/reminders';
import type { PaymentView } from '../contracts.js';
import { PAYMENT_DUE, PAYMENT_ESCALATED, PAYMENT_OVERDUE } from '../payment.event-types.js';

/** Days from a payment's planned date on which a reminder is due. */
export const DUE_DAYS = [-14, -3, 0] as const;
export const OVERDUE_DAYS = [1, 5] as const;
/** The daily run by which the due day has been over for 24 hours. */
export const ESCALATION_DAY = 2;

interface PaymentRow {
  readonly payment: PaymentView;
  readonly client_id: string;
  readonly owner_id: string | null;
  readonly executor_id: string | null;
}

/** Payments that are not paid in full. Those of a closed deal are serviced on, those of a deleted one are not. */
const OUTSTANDING = `NOT p.is_deleted AND p.cancelled_at IS NULL AND p.status <> 'paid' AND NOT d.is_deleted`;

const SUBJECTS = {
  columns: 'crm.payment_json(p) AS payment, d.client_id, d.owner_id, d.executor_id',
  from: 'crm.payments p JOIN crm.deal_access d ON d.id = p.deal_id',
  alias: 'p',
  origin: { id: 'd.id', relation: 'crm.deal_access' },
  order: [
    { column: 'p.planned_date', type: 'date' },
    { column: 'p.id', type: 'uuid' },
  ],
  changes: {
    types: ['deal.payment.created', 'deal.payment.updated'],
    subjectOf: ({ payment }: Readonly<Record<string, unknown>>) => (payment as PaymentView).id,
  },
};

/** Before its planned date, and on it. */
export const PAYMENTS_DUE: ReminderKind<PaymentRow> = {
  ...SUBJECTS,
  name: PAYMENT_DUE.key,
  queue: 'payments-due',
  due: (day) => `${plannedBefore(day, DUE_DAYS)} AND ${OUTSTANDING}`,
  reminderOf: (row, { today }) => {
    const { planned_date } = row.payment;
    const when = planned_date === today ? 'сегодня' : writtenDate(planned_date);
    return {
      ...addressed(row, PAYMENT_DUE),
      dueDate: planned_date,
      subject: `Срок платежа ${sum(row.payment)}: ${when}`,
      description: dueDescription(row.payment, today),
    };
  },
};

/** Once its planned date is over and it is not paid in full. */
export const PAYMENTS_OVERDUE: ReminderKind<PaymentRow> = {
  ...SUBJECTS,
  name: PAYMENT_OVERDUE.key,
  queue: 'payments-overdue',
  due: (day) => `${plannedBefore(day, OVERDUE_DAYS)} AND ${OUTSTANDING}`,
  reminderOf: (row, { today }) => ({
    ...addressed(row, PAYMENT_OVERDUE),
    dueDate: today,
    subject: `Платёж ${sum(row.payment)} просрочен на ${dayCount(daysBetween(row.payment.planned_date, today))}`,
    description: `Срок платежа № ${row.payment.sequence} был ${writtenDate(row.payment.planned_date)}. ${received(
      row.payment,
    )} Свяжитесь с клиентом и отметьте оплату или перенесите срок.`,
  }),
};

/** Once it has been over for 24 hours without any income: escalated to admins. */
export const PAYMENTS_ESCALATED: ReminderKind<PaymentRow> = {
  ...SUBJECTS,
  name: PAYMENT_ESCALATED.key,
  queue: 'payments-escalated',
  due: (day) => `${plannedBefore(day, [ESCALATION_DAY])} AND p.incomes_total = 0 AND ${OUTSTANDING}`,
  reminderOf: (row, { today }) => ({
    ...addressed(row, PAYMENT_ESCALATED),
    assigneeIds: [],
    assigneeRoles: ['admin'],
    dueDate: today,
    subject: `Нет поступлений по платежу ${sum(row.payment)}`,
    description: `Срок платежа № ${row.payment.sequence} был ${writtenDate(
      row.payment.planned_date,
    )}, прошло больше суток, а поступлений нет. Выясните причину у ответственного за сделку.`,
  }),
};

/** Every kind of a payment's reminders. */
export const PAYMENT_REMINDERS = [PAYMENTS_DUE, PAYMENTS_OVERDUE, PAYMENTS_ESCALATED];

function plannedBefore(day: string, days: readonly number[]): string {
  return `p.planned_date IN (${days.map((count) => `${day} - (${count})`).join(', ')})`;
}

/** Where a payment's reminder goes, and what it carries. */
function addressed(
  { payment, client_id, owner_id, executor_id }: PaymentRow,
  eventType: EventType,
): Omit<Reminder, 'dueDate' | 'subject' | 'description'> {
  const { id, deal_id, policy_id } = payment;
  const assignee = owner_id ?? executor_id;
  return {
    eventType,
    stream: `deals/${deal_id}`,
    dealId: deal_id,
    clientId: client_id,
    audience: audienceOf([owner_id], [executor_id]),
    assigneeIds: assignee === null ? [] : [assignee],
    assigneeRoles: assignee === null ? ['lead'] : [],
    data: { deal_id, client_id, policy_id, payment_id: id, payment },
  };
}

function sum({ planned_amount, currency }: PaymentView): string {
  return `${planned_amount} ${currency}`;
}

function dueDescription(payment: PaymentView, today: CalendarDate): string {
  const { planned_date, sequence } = payment;
  if (planned_date > today) {
    const left = dayCount(daysBetween(today, planned_date));
    return `До срока платежа № ${sequence} ${left}. ${received(payment)} Напомните клиенту об оплате.`;
  }
  const when =
    planned_date === today
      ? `Сегодня срок платежа № ${sequence}`
      : `Срок платежа № ${sequence} был ${writtenDate(planned_date)}`;
  return `${when}. ${received(payment)} Проверьте поступление денег.`;
}

function received({ status, incomes_total, planned_amount, currency }: PaymentView): string {
  if (status === 'scheduled') return 'Поступлений нет.';
  return `Поступило ${incomes_total} из ${planned_amount} ${currency}.`;
}

/** The Bull queues of payments. */
export const PAYMENT_QUEUES = PAYMENT_REMINDERS.map(({ queue }) => queue);
