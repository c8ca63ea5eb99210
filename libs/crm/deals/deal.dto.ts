import { ValidateBy } from 'class-validator';
import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { type CalendarDate, type Instant, isUuid } from '#platform/kernel';
import {
  BooleanField,
  ChangeRanges,
  DateField,
  dateRanges,
  EnumField,
  Field,
  type FieldOptions,
  IntegerField,
  ListQuery,
  MomentField,
  SortField,
  TextField,
  TransformText,
  UuidField,
} from '#platform/http';
import { type DealStatus, type DealView, type Stage, STAGES, STATUSES } from './contracts.js';
import type { DealChange } from './commands/revise-deal.command.js';
import { STATUS_CODES, stageOf } from './deal-stage.js';
import { reasonWithoutStage, statusOfAnotherStage } from './deal.errors.js';
import { DEAL_LIST, type DealFilter, type Period, PERIODS } from './queries/list-deals.query.js';
import type { StageMetric } from './queries/stage-metrics.query.js';

/** Stands for deals without an owner in the filter `manager`. */
const NO_MANAGER = '__NO_MANAGER__';
const TITLE = { min: 1, max: 255, example: 'КАСКО, Toyota Camry 2024' } as const;
const DESCRIPTION = { max: 5_000, multiline: true, nullable: true } as const;
const REASON = { min: 1, max: 500, example: 'Chose another broker' } as const;

/** Body of POST /deals. */
export class OpenDealDto {
  @UuidField({ description: 'The client whose deal it is; of a merged client its survivor.' })
  client_id!: string;

  @TextField(TITLE)
  title!: string;

  @TextField({ ...DESCRIPTION, optional: true })
  description?: string | null;

  @DateField({ description: 'When someone must look at the deal again; may lie in the past.' })
  next_review_at!: CalendarDate;

  @UuidField({
    optional: true,
    nullable: true,
    description: 'The seller; the caller unless a lead or admin says otherwise.',
  })
  owner_id?: string | null;

  @UuidField({ optional: true, nullable: true, description: 'Who collects the quotes.' })
  executor_id?: string | null;
}

/** Body of PATCH /deals/{id}: what is absent stays. */
export class ReviseDealDto {
  @TextField({ ...TITLE, optional: true })
  title?: string;

  @TextField({ ...DESCRIPTION, optional: true })
  description?: string | null;

  @DateField({ optional: true })
  next_review_at?: CalendarDate;

  @EnumField(STAGES, { optional: true, description: 'Moves the deal, as PATCH …/stage does.' })
  stage?: Stage;

  @EnumField(STATUS_CODES, { optional: true, description: 'Status code of the stage; alternative to `stage`.' })
  status?: string;

  @TextField({ ...REASON, optional: true, nullable: true, description: 'Why it was lost; only with closedLost.' })
  reason?: string | null;

  @UuidField({ optional: true, nullable: true, description: 'Assigns the deal, as PATCH …/assignment does.' })
  owner_id?: string | null;

  @UuidField({ optional: true, nullable: true, description: 'Assigns the deal, as PATCH …/assignment does.' })
  executor_id?: string | null;

  @BooleanField({ optional: true, description: 'true deletes the deal, as DELETE does.' })
  is_deleted?: boolean;
}

/** Body of PATCH /deals/{id}/stage. */
export class ChangeStageDto {
  @EnumField(STAGES)
  stage!: Stage;

  @TextField({ ...REASON, optional: true, nullable: true, description: 'Why it was lost; only with closedLost.' })
  reason?: string | null;
}

/** Body of PATCH /deals/{id}/assignment: what is absent stays, null takes away. */
export class AssignDealDto {
  @UuidField({ optional: true, nullable: true })
  owner_id?: string | null;

  @UuidField({ optional: true, nullable: true })
  executor_id?: string | null;
}

/** Which deals are meant. */
export class DealMetricsQuery extends ChangeRanges {
  /** A deal has a `status` too, which lists do not filter by. */
  static readonly hints = { status: 'stage' };

  @EnumField(STAGES, { each: true, optional: true })
  stage?: Stage[];

  @ManagerField({ each: true, optional: true, description: `Owners; ${NO_MANAGER} stands for deals without one.` })
  manager?: string[];

  @UuidField({ optional: true })
  executor_id?: string;

  @UuidField({ optional: true, description: 'Of a merged client: its survivor.' })
  client_id?: string;

  @EnumField(Object.keys(PERIODS), {
    optional: true,
    description: 'Next review within so many days, overdue ones included.',
  })
  period?: Period;

  @TextField({ max: 255, optional: true, description: 'Part of title or description.' })
  search?: string;

  @MomentField()
  closed_from?: string;

  @MomentField()
  closed_to?: string;
}

/** Which deals, and which part of their list. */
export class DealFilterQuery extends IntersectionType(ListQuery, DealMetricsQuery) {
  static readonly hints = DealMetricsQuery.hints;

  @SortField(DEAL_LIST)
  sort?: string;
}

/** A deal. */
export class DealResource implements DealView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly client_id!: string;

  @TextField(TITLE)
  readonly title!: string;

  @TextField(DESCRIPTION)
  readonly description!: string | null;

  @EnumField(STATUSES, { description: 'The code stored for the stage.' })
  readonly status!: DealStatus;

  @EnumField(STAGES)
  readonly stage!: Stage;

  @UuidField({ nullable: true })
  readonly owner_id!: string | null;

  @UuidField({ nullable: true })
  readonly executor_id!: string | null;

  @DateField()
  readonly next_review_at!: CalendarDate;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  readonly closed_at!: Instant | null;

  @TextField({ ...REASON, nullable: true })
  readonly lost_reason!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 3 })
  readonly version!: number;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;

  @BooleanField()
  readonly is_deleted!: boolean;
}

/** Money of one currency. */
class CurrencyTotalResource {
  @ApiProperty({ example: 'RUB' })
  readonly currency!: string;

  @ApiProperty({ example: '1250000.00' })
  readonly amount!: string;
}

/** One stage of the funnel. */
class StageMetricResource implements StageMetric {
  @EnumField(STAGES)
  readonly stage!: Stage;

  @IntegerField({ min: 0, max: 2_147_483_647, example: 12 })
  readonly count!: number;

  @ApiProperty({ type: [CurrencyTotalResource], description: 'Planned payments neither cancelled nor deleted.' })
  readonly total_value!: CurrencyTotalResource[];

  @ApiProperty({
    type: [CurrencyTotalResource],
    description: 'Of open deals: confirmed quotes, else the lowest ready and valid offer.',
  })
  readonly expected_premium!: CurrencyTotalResource[];

  @ApiProperty({ type: 'number', minimum: 0, maximum: 1, description: 'Share of all matching deals.', example: 0.25 })
  readonly conversion_rate!: number;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description: 'Mean days from opening to closing, or until now.',
    example: 18.5,
  })
  readonly avg_cycle_duration_days!: number | null;
}

/** The funnel, stage by stage. */
export class StageMetricsResource {
  @ApiProperty({ type: [StageMetricResource] })
  readonly items!: readonly StageMetricResource[];
}

/**
 * Converts a body to a change of the domain.
 * @throws DomainError `validation_failed` when stage and status contradict each other, or a reason has no stage.
 */
export function dealChange(body: ReviseDealDto): DealChange {
  const { title, description, next_review_at: nextReviewAt, owner_id: ownerId, executor_id: executorId } = body;
  const { status, reason = null } = body;
  const stage = status === undefined ? body.stage : stageOf(status);
  if (body.stage !== undefined && body.stage !== stage) throw statusOfAnotherStage();
  if (stage === undefined && reason !== null) throw reasonWithoutStage();
  return {
    revision: { title, description, nextReviewAt },
    assignment: { ownerId, executorId },
    move: stage && { stage, reason },
  };
}

/** Converts the query parameters to a filter of the domain. */
export function dealFilter(query: DealMetricsQuery): DealFilter {
  return {
    stages: query.stage,
    managers: query.manager?.map((id) => (id === NO_MANAGER ? null : id)),
    executorId: query.executor_id,
    clientId: query.client_id,
    period: query.period,
    search: query.search,
    ranges: dateRanges(query, DEAL_LIST),
  };
}

/** The id of an owner, or {@link NO_MANAGER}. */
function ManagerField(options: FieldOptions): PropertyDecorator {
  return Field(
    { type: 'string', example: NO_MANAGER },
    options,
    TransformText((text) => (isUuid(text) ? text.toLowerCase() : text)),
    ValidateBy(
      { name: 'isManager', validator: { validate: (value) => isUuid(value) || value === NO_MANAGER } },
      { message: `must be a UUID or ${NO_MANAGER}`, context: { code: 'not_a_uuid' }, each: options.each },
    ),
  );
}
