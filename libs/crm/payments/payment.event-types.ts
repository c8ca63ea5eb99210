import type { Type } from '@nestjs/common';
import { ApiProperty, OmitType, PartialType, IntersectionType } from '@nestjs/swagger';
import { ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import { ReminderFacts } from '#platform/reminders';
import type { LineKind, PaymentView } from './contracts.js';
import { PaymentLineResource } from './lines/line.dto.js';
import { PaymentResource } from './payment.dto.js';

/** Common data of every event of a payment and its lines. */
class PaymentIds {
  @UuidField()
  readonly deal_id!: string;

  @UuidField()
  readonly client_id!: string;

  @UuidField({ nullable: true })
  readonly policy_id!: string | null;

  @UuidField()
  readonly payment_id!: string;
}

/** Lines have events of their own. */
class PaymentWithoutLines extends OmitType(PaymentResource, ['incomes', 'expenses']) {}

class PreviousPayment extends PartialType(PaymentWithoutLines) {}

class PaymentHappening extends PaymentIds {
  @ObjectField(() => PaymentWithoutLines, { description: 'The payment after it.' })
  readonly payment!: PaymentView;
}

class PaymentChange extends PaymentHappening {
  @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed.' })
  readonly changed!: readonly string[];

  @ObjectField(() => PreviousPayment, { description: 'Their values before.' })
  readonly previous!: Readonly<Partial<PaymentView>>;
}

class PaymentDeletion extends PaymentHappening {
  @ApiProperty({ type: 'string', format: 'date-time' })
  readonly deleted_at!: Instant;

  @UuidField()
  readonly deleted_by_id!: string;
}

class PaymentReminder extends IntersectionType(PaymentHappening, ReminderFacts) {}

const OF_DEAL = { stream: 'deals/{deal_id}', followers: 'owner and executor of the deal' } as const;

export const PAYMENT_CREATED = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.created',
  meaning: 'A payment was planned.',
  data: PaymentHappening,
});

export const PAYMENT_UPDATED = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.updated',
  meaning: 'A payment changed: its fields, its lines and with them its totals, or it was confirmed or cancelled.',
  data: PaymentChange,
});

export const PAYMENT_DELETED = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.deleted',
  meaning: 'A payment without lines was deleted.',
  data: PaymentDeletion,
});

export const PAYMENT_DUE = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.due',
  meaning: 'A payment that is not paid yet is due in 14 days, in 3 days, or today.',
  data: PaymentReminder,
});

export const PAYMENT_OVERDUE = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.overdue',
  meaning: 'A payment is not paid in full a day, or five days, after its planned date.',
  data: PaymentReminder,
});

export const PAYMENT_ESCALATED = new EventType({
  ...OF_DEAL,
  key: 'deal.payment.escalated',
  meaning: 'A payment has no income 24 hours after the day on which it was due: it is escalated to admins.',
  data: PaymentReminder,
});

/** Each is followed by `deal.payment.updated` with the new totals. */
export const LINE_EVENTS = { income: lineEventTypes('income'), expense: lineEventTypes('expense') } as const;

/** Every type of event that payments publish. */
export const PAYMENT_EVENT_TYPES = [
  PAYMENT_CREATED,
  PAYMENT_UPDATED,
  PAYMENT_DELETED,
  PAYMENT_DUE,
  PAYMENT_OVERDUE,
  PAYMENT_ESCALATED,
  ...Object.values(LINE_EVENTS.income),
  ...Object.values(LINE_EVENTS.expense),
];

function lineEventTypes(kind: LineKind) {
  const { Happening, Change, Deletion } = lineFacts(kind);
  const key = (name: string) => ({ ...OF_DEAL, key: `deal.payment.${kind}.${name}` });
  const what = kind === 'income' ? 'Money that came in' : 'Money that went out';
  return {
    created: new EventType({ ...key('created'), meaning: `${what} was entered under a payment.`, data: Happening }),
    updated: new EventType({ ...key('updated'), meaning: `${what} was corrected.`, data: Change }),
    deleted: new EventType({
      ...key('deleted'),
      meaning: `${what} was deleted; the journal still contains it.`,
      data: Deletion,
    }),
  };
}

/** Data of the events of a line: the line and its id under the names of its kind. */
function lineFacts(kind: LineKind) {
  class Line extends PaymentLineResource {}
  UuidField({ description: 'The same as `id`.' })(Line.prototype, `${kind}_id`);

  class PreviousLine extends PartialType(PaymentLineResource) {}

  class Happening extends PaymentIds {}
  UuidField()(Happening.prototype, `${kind}_id`);
  ObjectField(() => Line, { description: 'The line after it.' })(Happening.prototype, kind);

  class Change extends Happening {
    @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed.' })
    readonly changed!: readonly string[];

    @ObjectField(() => PreviousLine, { description: 'Their values before.' })
    readonly previous!: Readonly<Partial<PaymentLineResource>>;
  }

  class DeletedLine extends Line {
    @ApiProperty({ type: 'string', format: 'date-time' })
    readonly deleted_at!: Instant;

    @UuidField()
    readonly deleted_by_id!: string;
  }

  class Deletion extends Happening {
    @ApiProperty({ type: 'string', format: 'date-time', description: 'The same as in the line.' })
    readonly deleted_at!: Instant;

    @UuidField({ description: 'The same as in the line.' })
    readonly deleted_by_id!: string;
  }
  ObjectField(() => DeletedLine, { description: 'The line that was deleted.' })(Deletion.prototype, kind);

  return { Happening, Change, Deletion } satisfies Record<string, Type<PaymentIds>>;
}
