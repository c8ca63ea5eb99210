import { Transform } from 'class-transformer';
import { IsIn } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import {
  BooleanField,
  CurrencyField,
  DateField,
  EnumField,
  Field,
  IntegerField,
  MoneyField,
  TextField,
  UuidField,
} from '#platform/http';
import type { CalendarDate, Instant } from '#platform/kernel';
import type { ScheduledPayment } from './commands/schedule-payments.command.js';
import { PAYMENT_STATUSES, type PaymentStatus, type PaymentView } from './contracts.js';
import { type Interval, INTERVALS } from './instalments.js';
import { PaymentLineResource } from './lines/line.dto.js';
import type { PaymentFacts } from './payment-facts.js';
import { type Include, INCLUDES } from './queries/payment-row.js';

const COMMENT = { max: 500, multiline: true, nullable: true, example: 'Первый взнос' } as const;
const ABSENT = { optional: true, nullable: true } as const;
const TOTAL = { example: '1100.00', type: 'string', pattern: '^-?\\d{1,14}\\.\\d{2}$' } as const;
const MAX_INSTALMENTS = 120;
const ACTOR = 'The caller; only an admin or a service may name another user.';
const RECORDER =
  'Must be the caller, unless an admin or a service sends it; ignored. POST …/confirm confirms a payment.';
const POLICY = 'A policy of the deal; under …/policies/{policy_id} the one of the path, and may be left out.';

/** The place of a payment, which a body may repeat. */
class PlaceDto {
  @UuidField({ optional: true, description: 'The deal of the path.' })
  deal_id?: string;

  @UuidField({ ...ABSENT, description: POLICY })
  policy_id?: string | null;
}

/** Body of POST …/payments. */
export class AddPaymentDto extends PlaceDto {
  @DateField({ description: 'The day on which the money is expected.' })
  planned_date!: CalendarDate;

  @MoneyField()
  planned_amount!: string;

  @CurrencyField()
  currency!: string;

  @TextField({ ...COMMENT, optional: true })
  comment?: string | null;

  @DateField({ ...ABSENT, description: 'The day on which it was paid: not in the future, not before planned_date.' })
  actual_date?: CalendarDate | null;

  @UuidField({ ...ABSENT, description: ACTOR })
  created_by_id?: string | null;

  @UuidField({ ...ABSENT, description: RECORDER })
  recorded_by_id?: string | null;
}

/** Body of PATCH …/payments/{pid}: what is absent stays. */
export class RevisePaymentDto {
  @UuidField({ optional: true, description: 'The deal of the path: a payment stays with its deal.' })
  deal_id?: string;

  @UuidField({ ...ABSENT, description: 'The policy of the payment: a payment stays with its policy.' })
  policy_id?: string | null;

  @DateField({ optional: true })
  planned_date?: CalendarDate;

  @MoneyField({ optional: true })
  planned_amount?: string;

  @CurrencyField({ optional: true, description: 'Changes only while the payment has no lines.' })
  currency?: string;

  @TextField({ ...COMMENT, optional: true })
  comment?: string | null;

  @DateField(ABSENT)
  actual_date?: CalendarDate | null;

  @EnumField(PAYMENT_STATUSES, {
    optional: true,
    description: 'cancelled cancels the payment, as POST …/cancel does; the present status changes nothing.',
  })
  status?: PaymentStatus;

  @UuidField({ ...ABSENT, description: RECORDER })
  recorded_by_id?: string | null;

  @BooleanField({ optional: true, description: 'true deletes the payment, as DELETE does.' })
  is_deleted?: boolean;
}

/** Body of POST …/payments/{pid}/confirm. */
export class ConfirmPaymentDto {
  @DateField({ optional: true, description: 'When it was paid; unless given the day recorded, or else today.' })
  actual_date?: CalendarDate;

  @UuidField({ ...ABSENT, description: ACTOR })
  recorded_by_id?: string | null;
}

/** Body of POST …/payments/schedule. */
export class SchedulePaymentsDto extends PlaceDto {
  @MoneyField({ description: 'The whole; the instalments add up to it exactly.' })
  amount!: string;

  @CurrencyField()
  currency!: string;

  @IntegerField({ min: 1, max: MAX_INSTALMENTS, example: 4 })
  instalments!: number;

  @DateField({ description: 'The day of the first instalment.' })
  first_date!: CalendarDate;

  @EnumField(INTERVALS, { description: 'Time between two instalments.' })
  every!: Interval;

  @TextField({ ...COMMENT, optional: true })
  comment?: string | null;

  @BooleanField({ optional: true, description: 'true shows the instalments and makes nothing.' })
  dry_run?: boolean;
}

/** What a payment is read with. */
export class ReadPaymentDto {
  @IncludeField()
  include?: readonly Include[];
}

/** A payment. */
export class PaymentResource implements PaymentView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly deal_id!: string;

  @UuidField({ nullable: true })
  readonly policy_id!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 1, description: 'Per deal and policy, never used again.' })
  readonly sequence!: number;

  @EnumField(PAYMENT_STATUSES)
  readonly status!: PaymentStatus;

  @DateField()
  readonly planned_date!: CalendarDate;

  @MoneyField({ example: '1000.00' })
  readonly planned_amount!: string;

  @CurrencyField()
  readonly currency!: string;

  @TextField(COMMENT)
  readonly comment!: string | null;

  @DateField({ nullable: true })
  readonly actual_date!: CalendarDate | null;

  @ApiProperty({ ...TOTAL, description: 'Sum of the incomes.' })
  readonly incomes_total!: string;

  @ApiProperty({ ...TOTAL, example: '100.00', description: 'Sum of the expenses.' })
  readonly expenses_total!: string;

  @ApiProperty({ ...TOTAL, example: '1000.00', description: 'Incomes less expenses; may be below zero.' })
  readonly net_total!: string;

  @UuidField({ nullable: true, description: 'Who confirmed it; null until then.' })
  readonly recorded_by_id!: string | null;

  @UuidField()
  readonly created_by_id!: string;

  @UuidField()
  readonly updated_by_id!: string;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 3 })
  readonly version!: number;

  @BooleanField()
  readonly is_deleted!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;

  @ApiProperty({ type: [PaymentLineResource], required: false, description: 'With `include=incomes`.' })
  readonly incomes?: readonly PaymentLineResource[];

  @ApiProperty({ type: [PaymentLineResource], required: false, description: 'With `include=expenses`.' })
  readonly expenses?: readonly PaymentLineResource[];
}

/** A payment of a schedule. */
class ScheduledPaymentResource implements ScheduledPayment {
  @UuidField({ nullable: true, description: 'Null in a dry run.' })
  readonly id!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, nullable: true, example: 1, description: 'Null in a dry run.' })
  readonly sequence!: number | null;

  @DateField()
  readonly planned_date!: CalendarDate;

  @MoneyField()
  readonly planned_amount!: string;

  @CurrencyField()
  readonly currency!: string;
}

/** A schedule of payments. */
export class ScheduleResource {
  @BooleanField({ description: 'Whether nothing was made.' })
  readonly dry_run!: boolean;

  @ApiProperty({ type: [ScheduledPaymentResource] })
  readonly items!: readonly ScheduledPayment[];
}

/** `incomes,expenses` in one parameter, or each in a parameter of its own. */
function IncludeField(): PropertyDecorator {
  return Field(
    { type: 'array', items: { type: 'string', enum: [...INCLUDES] } },
    { optional: true, description: 'Lines to show, with a comma between.' },
    Transform(({ value }: { value: string | string[] }) => [value].flat().flatMap((item) => item.split(','))),
    IsIn(INCLUDES, { each: true, message: `must be of ${INCLUDES.join(', ')}, with a comma between` }),
  );
}

/** What a body says of a payment, in the domain's words; absent stays undefined. */
export function paymentFacts(body: Omit<RevisePaymentDto, 'status'>): Partial<PaymentFacts> {
  return {
    plannedDate: body.planned_date,
    plannedAmount: body.planned_amount,
    currency: body.currency,
    comment: body.comment,
    actualDate: body.actual_date,
  };
}

/** The same for a new payment: absent is open. */
export function newPaymentFacts(body: AddPaymentDto): PaymentFacts {
  return {
    plannedDate: body.planned_date,
    plannedAmount: body.planned_amount,
    currency: body.currency,
    comment: body.comment ?? null,
    actualDate: body.actual_date ?? null,
  };
}
