import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import {
  BooleanField,
  ChangeRanges,
  CurrencyField,
  DateField,
  DayField,
  EnumField,
  IntegerField,
  ListQuery,
  MoneyField,
  ObjectField,
  SortField,
  TextField,
  UuidField,
} from '#platform/http';
import type { CalendarDate, Instant } from '#platform/kernel';
import { QUOTE_STATUSES, type QuoteStatus, type QuoteView } from './contracts.js';
import type { ComparedQuote } from './queries/compare-quotes.query.js';
import { QUOTE_LIST } from './queries/list-quotes.query.js';
import type { QuoteFacts } from './quote.entity.js';

const INSURER = { min: 1, max: 255, example: 'Ингосстрах' } as const;
const PROGRAM = { min: 1, max: 255, nullable: true, example: 'КАСКО Премиум' } as const;
const COMMENTS = { max: 2_000, multiline: true, nullable: true } as const;
const FILES = { min: 1, max: 500, each: true, description: 'Ids or addresses of the insurer’s files.' } as const;
const ABSENT = { optional: true, nullable: true } as const;

/** Days on which an offer is valid, both included. */
export class ValidityPeriodDto {
  @DateField({ nullable: true })
  start!: CalendarDate | null;

  @DateField({ nullable: true })
  end!: CalendarDate | null;
}

/** Body of POST /deals/{id}/quotes. */
export class AddQuoteDto {
  @TextField(INSURER)
  insurance_company!: string;

  @TextField({ ...PROGRAM, optional: true })
  program_name?: string | null;

  @MoneyField(ABSENT)
  premium_amount?: string | null;

  @MoneyField(ABSENT)
  coverage_sum?: string | null;

  @CurrencyField()
  currency!: string;

  @DateField({ optional: true, description: 'The day on which the insurer calculated it; today unless given.' })
  calculation_date?: CalendarDate;

  @ObjectField(() => ValidityPeriodDto, ABSENT)
  validity_period?: ValidityPeriodDto | null;

  @TextField({ ...FILES, optional: true })
  files?: string[];

  @TextField({ ...COMMENTS, optional: true })
  comments?: string | null;

  @UuidField({
    ...ABSENT,
    description: 'The caller. Leads and admins may name the owner or executor of the deal, or null.',
  })
  owner_id?: string | null;
}

/** Body of PATCH /deals/{id}/quotes/{qid}: what is absent stays. */
export class ReviseQuoteDto {
  @TextField({ ...INSURER, optional: true })
  insurance_company?: string;

  @TextField({ ...PROGRAM, optional: true })
  program_name?: string | null;

  @MoneyField(ABSENT)
  premium_amount?: string | null;

  @MoneyField(ABSENT)
  coverage_sum?: string | null;

  @CurrencyField({ optional: true })
  currency?: string;

  @DateField({ optional: true })
  calculation_date?: CalendarDate;

  @ObjectField(() => ValidityPeriodDto, ABSENT)
  validity_period?: ValidityPeriodDto | null;

  @TextField({ ...FILES, optional: true })
  files?: string[];

  @TextField({ ...COMMENTS, optional: true })
  comments?: string | null;

  @BooleanField({ optional: true, description: 'true deletes the quote, as DELETE does.' })
  is_deleted?: boolean;
}

/** Body of POST /deals/{id}/quotes/{qid}/status. */
export class ChangeQuoteStatusDto {
  @EnumField(QUOTE_STATUSES)
  status!: QuoteStatus;

  @UuidField({ ...ABSENT, description: 'With `confirmed`: a policy of the same deal to link.' })
  policy_id?: string | null;
}

/** Filters of a list of quotes. */
export class ListQuotesDto extends IntersectionType(ListQuery, ChangeRanges) {
  @SortField(QUOTE_LIST)
  sort?: string;

  @EnumField(QUOTE_STATUSES, { each: true, optional: true, description: 'Any of them.' })
  status?: QuoteStatus[];

  @TextField({ min: 1, max: 255, optional: true })
  insurance_company?: string;

  @DayField()
  calculation_date_from?: CalendarDate;

  @DayField()
  calculation_date_to?: CalendarDate;
}

/** A quote. */
export class QuoteResource implements QuoteView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly deal_id!: string;

  @UuidField({ nullable: true, description: 'Who prepared it.' })
  readonly owner_id!: string | null;

  @TextField(INSURER)
  readonly insurance_company!: string;

  @TextField(PROGRAM)
  readonly program_name!: string | null;

  @MoneyField({ nullable: true })
  readonly premium_amount!: string | null;

  @MoneyField({ nullable: true })
  readonly coverage_sum!: string | null;

  @CurrencyField()
  readonly currency!: string;

  @DateField()
  readonly calculation_date!: CalendarDate;

  @ObjectField(() => ValidityPeriodDto, { nullable: true })
  readonly validity_period!: ValidityPeriodDto | null;

  @TextField(FILES)
  readonly files!: readonly string[];

  @TextField(COMMENTS)
  readonly comments!: string | null;

  @EnumField(QUOTE_STATUSES)
  readonly status!: QuoteStatus;

  @BooleanField({ description: 'Past its validity.' })
  readonly expired!: boolean;

  @UuidField({ nullable: true })
  readonly linked_policy_id!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 3 })
  readonly version!: number;

  @BooleanField()
  readonly is_deleted!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;
}

/** One offer beside the others. */
class ComparedQuoteResource implements ComparedQuote {
  @UuidField()
  readonly quote_id!: string;

  @TextField(INSURER)
  readonly insurance_company!: string;

  @TextField(PROGRAM)
  readonly program_name!: string | null;

  @EnumField(['ready', 'confirmed'])
  readonly status!: QuoteStatus;

  @CurrencyField()
  readonly currency!: string;

  @MoneyField()
  readonly premium_amount!: string;

  @MoneyField({ nullable: true })
  readonly coverage_sum!: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: '12.500', description: 'Premium per thousand of cover.' })
  readonly per_mille!: string | null;

  @ApiProperty({ example: '250.00', description: 'Over the lowest premium of the same currency.' })
  readonly premium_difference!: string;

  @ApiProperty({
    type: 'string',
    nullable: true,
    example: '0.00',
    description: 'Under the highest cover of the same currency.',
  })
  readonly coverage_difference!: string | null;

  @ObjectField(() => ValidityPeriodDto, { nullable: true })
  readonly validity_period!: ValidityPeriodDto | null;

  @DateField()
  readonly calculation_date!: CalendarDate;
}

/** Ready and confirmed quotes side by side. */
export class ComparisonResource {
  @ApiProperty({ type: [ComparedQuoteResource] })
  readonly items!: readonly ComparedQuote[];
}

/** What a body says of a quote, in the domain's words; absent stays undefined. */
export function quoteFacts(body: ReviseQuoteDto): Partial<QuoteFacts> {
  return {
    insuranceCompany: body.insurance_company,
    programName: body.program_name,
    premiumAmount: body.premium_amount,
    coverageSum: body.coverage_sum,
    currency: body.currency,
    calculationDate: body.calculation_date,
    validityPeriod: body.validity_period,
    files: body.files,
    comments: body.comments,
  };
}

/** The same for a new quote: absent is open. */
export function newQuoteFacts(body: AddQuoteDto): Omit<QuoteFacts, 'calculationDate'> & Partial<QuoteFacts> {
  return {
    insuranceCompany: body.insurance_company,
    currency: body.currency,
    programName: body.program_name ?? null,
    premiumAmount: body.premium_amount ?? null,
    coverageSum: body.coverage_sum ?? null,
    calculationDate: body.calculation_date,
    validityPeriod: body.validity_period ?? null,
    files: body.files ?? [],
    comments: body.comments ?? null,
  };
}
