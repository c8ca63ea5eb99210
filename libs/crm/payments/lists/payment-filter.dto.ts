import { IntersectionType } from '@nestjs/swagger';
import {
  BooleanField,
  ChangeRanges,
  dateRanges,
  DayField,
  EnumField,
  ListQuery,
  SortField,
  TextField,
  UuidField,
} from '#platform/http';
import type { CalendarDate } from '#platform/kernel';
import { PAYMENT_STATUSES, type PaymentStatus } from '../contracts.js';
import { ReadPaymentDto } from '../payment.dto.js';
import { PAYMENT_LIST, type PaymentFilter, type PaymentPeriod, PERIODS } from '../queries/payment-filter.js';

/** Which payments are meant. */
export class PaymentFilterDto extends ChangeRanges {
  @UuidField({ optional: true })
  policy_id?: string;

  @EnumField(PAYMENT_STATUSES, { each: true, maxItems: 4, optional: true, description: 'Any of them.' })
  status?: PaymentStatus[];

  @DayField()
  planned_from?: CalendarDate;

  @DayField()
  planned_to?: CalendarDate;

  @DayField()
  actual_from?: CalendarDate;

  @DayField()
  actual_to?: CalendarDate;

  @DayField({ description: 'With an income or expense posted on this day or later.' })
  posted_from?: CalendarDate;

  @DayField({ description: 'With an income or expense posted on this day or earlier.' })
  posted_to?: CalendarDate;
}

/** Which payments of a deal, and which part of their list. */
export class ListPaymentsDto extends IntersectionType(ListQuery, PaymentFilterDto, ReadPaymentDto) {
  @SortField(PAYMENT_LIST)
  sort?: string;
}

/** Which payments of all deals, and which part of their list. */
export class ListAllPaymentsDto extends ListPaymentsDto {
  @UuidField({ optional: true })
  deal_id?: string;

  @EnumField(Object.keys(PERIODS), {
    optional: true,
    description: 'Not paid in full and planned within so many days, overdue ones included.',
  })
  period?: PaymentPeriod;

  @BooleanField({ optional: true, description: 'Not paid in full and planned before today; false: all others.' })
  overdue?: boolean;

  @BooleanField({ optional: true, description: 'false: neither confirmed nor cancelled.' })
  confirmed?: boolean;

  @TextField({ min: 1, max: 255, optional: true, description: 'Of policies of this insurer, in any case.' })
  insurance_company?: string;
}

/** Converts the query parameters to a filter of the domain. */
export function bookFilter(query: ListAllPaymentsDto): PaymentFilter {
  return {
    ...paymentFilter(query),
    dealId: query.deal_id,
    policyId: query.policy_id,
    period: query.period,
    isOverdue: query.overdue,
    isConfirmed: query.confirmed,
    insuranceCompany: query.insurance_company,
  };
}

/** Converts the query parameters of a deal's list to a filter of the domain, but for the deal and the policy. */
export function paymentFilter(query: PaymentFilterDto): PaymentFilter {
  const { status: statuses = [], posted_from: postedFrom, posted_to: postedTo } = query;
  return { statuses, postedFrom, postedTo, ranges: dateRanges(query, PAYMENT_LIST) };
}
