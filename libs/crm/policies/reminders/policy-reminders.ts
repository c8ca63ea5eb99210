import { addDays, type CalendarDate, daysBetween } from '#platform/kernel';
import { audienceOf } from '#platform/messaging';
import { dayCount, type Reminder, type ReminderKind, writtenDate } from '#platform/reminders';
import type { PolicyView } from '../contracts.js';
import { POLICY_ALONE, POLICY_OF_DEAL } from '../policy.event-types.js';
import { PolicyClosing } from '../policy-closing.js';
import { HAS_SUCCESSOR, IS_RENEWED } from '../policy-succession.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from '../queries/policy-row.js';

/** Days from a policy's last day on which a reminder is due. */
export const RENEWAL_REMINDER_DAYS = [-30, -7] as const;
export const EXPIRY_DAYS = [0, 3] as const;

interface PolicyOfDealRow extends PolicyRow {
  readonly deal_owner_id: string | null;
  readonly deal_executor_id: string | null;
}

/** Policies in force. Those of a closed deal are serviced on, those of a deleted one are not. */
const IN_FORCE = `p.status = 'active' AND NOT p.is_deleted AND d.is_deleted IS NOT TRUE`;

const SUBJECTS = {
  columns: `${POLICY_COLUMNS}, d.owner_id AS deal_owner_id, d.executor_id AS deal_executor_id`,
  from: 'crm.policies p LEFT JOIN crm.deals d ON d.id = p.deal_id',
  alias: 'p',
  origin: { id: 'd.id', relation: 'crm.deal_access' },
  order: [
    { column: 'p.effective_to', type: 'date' },
    { column: 'p.id', type: 'uuid' },
  ],
  changes: {
    types: ['deal.policy.updated', 'policy.updated'],
    subjectOf: ({ policy }: Readonly<Record<string, unknown>>) => (policy as PolicyView).id,
  },
};

/** Before the end of a policy that nothing renews yet. */
export const POLICY_RENEWALS: ReminderKind<PolicyOfDealRow> = {
  ...SUBJECTS,
  name: POLICY_ALONE.renewalDue.key,
  queue: 'policy-renewals',
  due: (day) => `${endingBefore(day, RENEWAL_REMINDER_DAYS)} AND ${IN_FORCE} AND NOT ${HAS_SUCCESSOR}`,
  reminderOf: (row, { today }) => {
    const policy = policyOf(row, today);
    return {
      ...addressed(row, policy, 'renewalDue'),
      dueDate: policy.effective_to!,
      subject: `Продление полиса ${titled(policy)} до ${writtenDate(policy.effective_to!)}`,
      description: `${timeLeft(policy.effective_to!, today)}, а продление не оформлено. Предложите клиенту условия на новый срок.`,
    };
  },
};

/** On a policy's last day and three days after it, unless its successor is in force; then the policy closes. */
export const POLICY_EXPIRIES: ReminderKind<PolicyOfDealRow> = {
  ...SUBJECTS,
  name: POLICY_ALONE.expired.key,
  queue: 'policy-expiries',
  due: (day) => `${endingBefore(day, EXPIRY_DAYS)} AND ${IN_FORCE} AND NOT ${IS_RENEWED}`,
  followUp: PolicyClosing,
  reminderOf: (row, { today }) => {
    const policy = policyOf(row, today);
    const isLastDay = policy.effective_to === today;
    const isClosing = addDays(policy.effective_to!, EXPIRY_DAYS[1]) <= today;
    return {
      ...addressed(row, policy, 'expired'),
      dueDate: today,
      subject: `Полис ${titled(policy)} ${isLastDay ? 'заканчивается сегодня' : 'закончился'}`,
      description: isLastDay
        ? 'Сегодня последний день полиса, новый полис не действует. Выясните у клиента, продлевает ли он страхование.'
        : `Полис закончился ${writtenDate(policy.effective_to!)}, новый полис не действует${
            isClosing ? ', старый закрывается как истёкший' : ''
          }.`,
    };
  },
};

/** Every kind of a policy's reminders. */
export const POLICY_REMINDERS = [POLICY_RENEWALS, POLICY_EXPIRIES];

function endingBefore(day: string, days: readonly number[]): string {
  return `p.effective_to IN (${days.map((count) => `${day} - (${count})`).join(', ')})`;
}

function policyOf(
  { deal_owner_id: _owner, deal_executor_id: _executor, ...row }: PolicyOfDealRow,
  today: CalendarDate,
) {
  return policyView(row, today);
}

function timeLeft(lastDay: CalendarDate, today: CalendarDate): string {
  if (lastDay < today) return `Полис закончился ${writtenDate(lastDay)}`;
  return lastDay === today
    ? 'Сегодня последний день полиса'
    : `До конца полиса ${dayCount(daysBetween(today, lastDay))}`;
}

/** Where a policy's reminder goes, and what it carries: on its deal's stream, or on its own when it has no deal. */
function addressed(
  { deal_owner_id, deal_executor_id }: PolicyOfDealRow,
  policy: PolicyView,
  what: 'renewalDue' | 'expired',
): Omit<Reminder, 'dueDate' | 'subject' | 'description'> {
  const { id, deal_id, client_id } = policy;
  const [owner, executor] = deal_id === null ? [policy.owner_id, null] : [deal_owner_id, deal_executor_id];
  const assignee = owner ?? executor;
  return {
    eventType: (deal_id === null ? POLICY_ALONE : POLICY_OF_DEAL)[what],
    stream: deal_id === null ? `policies/${id}` : `deals/${deal_id}`,
    ...(deal_id !== null && { dealId: deal_id }),
    clientId: client_id,
    audience: audienceOf([owner], [executor]),
    assigneeIds: assignee === null ? [] : [assignee],
    assigneeRoles: assignee === null ? ['lead'] : [],
    data: { deal_id, client_id, policy_id: id, policy },
  };
}

function titled({ policy_number, insurance_company }: PolicyView): string {
  return `${policy_number} (${insurance_company})`;
}

/** The Bull queues of policies. */
export const POLICY_QUEUES = POLICY_REMINDERS.map(({ queue }) => queue);
