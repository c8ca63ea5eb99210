import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import {
  BooleanField,
  ChangeRanges,
  CurrencyField,
  DateField,
  dateRanges,
  DayField,
  EnumField,
  IntegerField,
  ListQuery,
  MoneyField,
  SortField,
  TextField,
  UuidField,
} from '#platform/http';
import type { CalendarDate, Instant } from '#platform/kernel';
import { CLOSE_REASONS, type CloseReason, POLICY_STATUSES, type PolicyStatus, type PolicyView } from './contracts.js';
import type { PolicyFacts } from './policy.entity.js';
import { POLICY_LIST, type PolicyFilter } from './queries/list-policies.query.js';

const INSURER = { min: 1, max: 255, nullable: true, example: 'Ингосстрах' } as const;
const NUMBER = { min: 1, max: 64, nullable: true, example: 'XXX 0123456789' } as const;
const ABSENT = { optional: true, nullable: true } as const;

/** Facts of a policy as a body gives them, each of which may be absent or null. */
class PolicyFactsDto {
  @TextField({ ...INSURER, optional: true })
  insurance_company?: string | null;

  @TextField({ ...NUMBER, optional: true })
  policy_number?: string | null;

  @MoneyField(ABSENT)
  premium?: string | null;

  @CurrencyField(ABSENT)
  currency?: string | null;

  @DateField({ ...ABSENT, description: 'The first day of cover.' })
  effective_from?: CalendarDate | null;

  @DateField({ ...ABSENT, description: 'The last day of cover.' })
  effective_to?: CalendarDate | null;
}

/** Body of PATCH /policies/{id}: what is absent stays. */
export class RevisePolicyDto extends PolicyFactsDto {
  @EnumField(POLICY_STATUSES, {
    optional: true,
    description: 'active activates a draft, as POST …/activate does; the present status changes nothing.',
  })
  status?: PolicyStatus;

  @BooleanField({ optional: true, description: 'true deletes the draft, as DELETE does.' })
  is_deleted?: boolean;
}

/** The deal or the client of a new policy. */
class PolicyOriginDto {
  @UuidField({ ...ABSENT, description: 'The deal that led to it; the client is then the deal’s.' })
  deal_id?: string | null;

  @UuidField({ optional: true, description: 'Needed without a deal; of a merged client its survivor.' })
  client_id?: string;
}

/** The owner of a new policy. */
class PolicyOwnerDto {
  @UuidField({
    ...ABSENT,
    description:
      "Must be the deal's owner, or the caller for a policy without a deal. There leads and admins choose it.",
  })
  owner_id?: string | null;
}

/** Body of POST /policies: what is absent is null. */
export class AddPolicyDto extends IntersectionType(PolicyOriginDto, PolicyOwnerDto, PolicyFactsDto) {}

/** Body of POST /policies/{id}/renew: what is absent is taken over. */
export class RenewPolicyDto {
  @TextField({ ...NUMBER, optional: true })
  policy_number?: string | null;

  @MoneyField({ optional: true })
  premium?: string;

  @CurrencyField({ optional: true })
  currency?: string;

  @DateField({ optional: true, description: 'The day after the end of the policy unless given.' })
  effective_from?: CalendarDate;

  @DateField({ optional: true, description: 'A year of cover unless given.' })
  effective_to?: CalendarDate;
}

/** Body of POST /policies/{id}/close. */
export class ClosePolicyDto {
  @EnumField(CLOSE_REASONS)
  reason!: CloseReason;
}

/** Which policies are meant. */
export class PolicyFilterDto extends ChangeRanges {
  @UuidField({ optional: true })
  deal_id?: string;

  @UuidField({ optional: true, description: 'Of a merged client: its survivor.' })
  client_id?: string;

  @EnumField(POLICY_STATUSES, { each: true, optional: true, description: 'Any of them.' })
  status?: PolicyStatus[];

  @TextField({ min: 1, max: 255, optional: true })
  insurance_company?: string;

  @TextField({ min: 1, max: 64, optional: true, description: 'However written.' })
  number?: string;

  @DateField({ optional: true })
  ends_before?: CalendarDate;

  @BooleanField({ optional: true, description: 'Active, ends within 30 days, and nothing renews it yet.' })
  renewal_due?: boolean;

  @DayField()
  starts_from?: CalendarDate;

  @DayField()
  starts_to?: CalendarDate;

  @DayField()
  ends_from?: CalendarDate;

  @DayField()
  ends_to?: CalendarDate;
}

/** Which policies, and which part of their list. */
export class ListPoliciesDto extends IntersectionType(ListQuery, PolicyFilterDto) {
  @SortField(POLICY_LIST)
  sort?: string;
}

/** A policy. */
export class PolicyResource implements PolicyView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly client_id!: string;

  @UuidField({ nullable: true })
  readonly deal_id!: string | null;

  @UuidField({ nullable: true, description: 'The confirmed quote it was issued for.' })
  readonly quote_id!: string | null;

  @TextField(INSURER)
  readonly insurance_company!: string | null;

  @TextField(NUMBER)
  readonly policy_number!: string | null;

  @MoneyField({ nullable: true })
  readonly premium!: string | null;

  @CurrencyField({ nullable: true })
  readonly currency!: string | null;

  @DateField({ nullable: true })
  readonly effective_from!: CalendarDate | null;

  @DateField({ nullable: true })
  readonly effective_to!: CalendarDate | null;

  @UuidField({ nullable: true })
  readonly owner_id!: string | null;

  @EnumField(POLICY_STATUSES)
  readonly status!: PolicyStatus;

  @EnumField(CLOSE_REASONS, { nullable: true })
  readonly close_reason!: CloseReason | null;

  @BooleanField({ description: 'Active, ends within 30 days, and nothing renews it yet.' })
  readonly renewal_due!: boolean;

  @UuidField({ nullable: true })
  readonly renews_policy_id!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 3 })
  readonly version!: number;

  @BooleanField()
  readonly is_deleted!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;
}

/** What a body says of a policy, in the domain's words; absent stays undefined. */
export function policyFacts(body: RevisePolicyDto | AddPolicyDto | RenewPolicyDto): Partial<PolicyFacts> {
  const { premium, currency } = body;
  return {
    insuranceCompany: 'insurance_company' in body ? body.insurance_company : undefined,
    policyNumber: body.policy_number,
    premium,
    currency,
    effectiveFrom: body.effective_from,
    effectiveTo: body.effective_to,
  };
}

/** The same for a new policy: absent is open. */
export function newPolicyFacts(body: AddPolicyDto): PolicyFacts {
  const { insuranceCompany, policyNumber, premium, currency, effectiveFrom, effectiveTo } = policyFacts(body);
  return {
    insuranceCompany: insuranceCompany ?? null,
    policyNumber: policyNumber ?? null,
    premium: premium ?? null,
    currency,
    effectiveFrom: effectiveFrom ?? null,
    effectiveTo: effectiveTo ?? null,
  };
}

/** Converts the query parameters to a filter of the domain. */
export function policyFilter(query: PolicyFilterDto): PolicyFilter {
  const { deal_id: dealId, client_id: clientId, status: statuses, number } = query;
  const { insurance_company: insuranceCompany } = query;
  const { ends_before: endsBefore, renewal_due: renewalDue } = query;
  const ranges = dateRanges(query, POLICY_LIST);
  return { dealId, clientId, statuses, insuranceCompany, number, endsBefore, renewalDue, ranges };
}
