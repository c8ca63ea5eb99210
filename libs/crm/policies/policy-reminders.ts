import { addDays, type CalendarDate } from '#platform/kernel';
import { audienceOf } from '#platform/messaging';
import type { Reminder, ReminderKind } from '#platform/reminders';
import type { PolicyView } from './contracts.js';
import { POLICY_ALONE, POLICY_OF_DEAL } from './policy.event-types.js';
import { PolicyClosing } from './policy-closing.js';
import { HAS_SUCCESSOR, IS_RENEWED } from './policy-scope.js';
import { POLICY_COLUMNS, type PolicyRow, policyView } from './queries/policy-row.js';

/** Days from a policy's last day on which it is told of. */
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
  origin: 'd',
  order: [
    { column: 'p.effective_to', type: 'date' },
    { column: 'p.id', type: 'uuid' },
  ],
};

/** Before the end of a policy that nothing renews yet. */
export const POLICY_RENEWALS: ReminderKind<PolicyOfDealRow> = {
  ...SUBJECTS,
  name: POLICY_ALONE.renewalDue.key,
  queue: 'policy-renewals',
  due: (day) => `${endingBefore(day, RENEWAL_REMINDER_DAYS)} AND ${IN_FORCE} AND NOT ${HAS_SUCCESSOR}`,
  reminderOf: (row, day) => {
    const policy = policyOf(row, day);
    const left = addDays(policy.effective_to!, -7) === day ? '7 дней' : '30 дней';
    return {
      ...addressed(row, policy, 'renewalDue'),
      dueDate: policy.effective_to!,
      subject: `Продление полиса ${titled(policy)} до ${written(policy.effective_to!)}`,
      description: `До конца полиса ${left}, а продление не оформлено. Предложите клиенту условия на новый срок.`,
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
  reminderOf: (row, day) => {
    const policy = policyOf(row, day);
    const isLastDay = policy.effective_to === day;
    return {
      ...addressed(row, policy, 'expired'),
      dueDate: day,
      subject: `Полис ${titled(policy)} ${isLastDay ? 'заканчивается сегодня' : 'закончился'}`,
      description: isLastDay
        ? 'Сегодня последний день полиса, новый полис не действует. Выясните у клиента, продлевает ли он страхование.'
        : `Полис закончился ${written(policy.effective_to!)}, новый полис не действует, старый закрывается как истёкший.`,
    };
  },
};

/** Every kind of a policy's reminders, with the days from its last day on which it is due. */
export const POLICY_REMINDERS = [
  { kind: POLICY_RENEWALS, days: RENEWAL_REMINDER_DAYS },
  { kind: POLICY_EXPIRIES, days: EXPIRY_DAYS },
] as const;

function endingBefore(day: string, days: readonly number[]): string {
  return `p.effective_to IN (${days.map((count) => `${day} - (${count})`).join(', ')})`;
}

function policyOf({ deal_owner_id: _owner, deal_executor_id: _executor, ...row }: PolicyOfDealRow, day: CalendarDate) {
  return policyView(row, day);
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

function written(date: CalendarDate): string {
  return date.split('-').reverse().join('.');
}

/** The Bull queues of policies. */
export const POLICY_QUEUES = POLICY_REMINDERS.map(({ kind }) => kind.queue);
