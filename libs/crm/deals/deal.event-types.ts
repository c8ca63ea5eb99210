import { ApiProperty, IntersectionType, PartialType } from '@nestjs/swagger';
import { EnumField, ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import { ReminderFacts } from '#platform/reminders';
import { type DealView, type Stage, STAGES } from './contracts.js';
import { DealResource } from './deal.dto.js';

/** Common data of every event of a deal. */
class DealHappening {
  @UuidField()
  readonly deal_id!: string;

  @UuidField()
  readonly client_id!: string;

  @ObjectField(() => DealResource, { description: 'The deal after it.' })
  readonly deal!: DealView;
}

class PreviousDeal extends PartialType(DealResource) {}

class DealChange extends DealHappening {
  @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed.' })
  readonly changed!: readonly string[];

  @ObjectField(() => PreviousDeal, { description: 'Their values before.' })
  readonly previous!: Readonly<Partial<DealView>>;
}

class StageChange extends DealHappening {
  @EnumField(STAGES)
  readonly from!: Stage;

  @EnumField(STAGES)
  readonly to!: Stage;

  @TextField({ min: 1, max: 500, nullable: true, description: 'Why it was lost.' })
  readonly reason!: string | null;
}

class UserChange {
  @UuidField({ nullable: true })
  readonly before!: string | null;

  @UuidField({ nullable: true })
  readonly after!: string | null;
}

class Assignment extends DealHappening {
  @ObjectField(() => UserChange)
  readonly owner!: UserChange;

  @ObjectField(() => UserChange)
  readonly executor!: UserChange;
}

class DealDeletion extends DealHappening {
  @ApiProperty({ type: 'string', format: 'date-time' })
  readonly deleted_at!: Instant;

  @UuidField()
  readonly deleted_by_id!: string;
}

class ReviewReminder extends IntersectionType(DealHappening, ReminderFacts) {
  @EnumField(['due', 'overdue'])
  readonly kind!: 'due' | 'overdue';

  @UuidField({ nullable: true, description: 'The one of `assignee_ids`; null: the deal has no owner yet.' })
  readonly assignee_id!: string | null;
}

const OF_DEAL = { stream: 'deals/{deal_id}', followers: 'owner and executor of the deal' } as const;

export const DEAL_CREATED = new EventType({
  ...OF_DEAL,
  key: 'deal.created',
  meaning: 'A deal was opened.',
  data: DealHappening,
});

export const DEAL_UPDATED = new EventType({
  ...OF_DEAL,
  key: 'deal.updated',
  meaning: 'A deal changed in any way: its fields, its stage, its owner or executor, or it was deleted.',
  data: DealChange,
});

export const DEAL_STAGE_CHANGED = new EventType({
  ...OF_DEAL,
  key: 'deal.stage_changed',
  meaning: 'A deal moved to another stage of the funnel.',
  data: StageChange,
});

export const DEAL_ASSIGNED = new EventType({
  ...OF_DEAL,
  key: 'deal.assigned',
  meaning: 'A deal was given to another owner or executor, or taken away.',
  followers: 'owner and executor of the deal, those before and those after',
  data: Assignment,
});

export const DEAL_DELETED = new EventType({
  ...OF_DEAL,
  key: 'deal.deleted',
  meaning: 'A deal was deleted; its journal stays.',
  data: DealDeletion,
});

export const DEAL_REVIEW_DUE = new EventType({
  ...OF_DEAL,
  key: 'deal.review_due',
  meaning: 'The review of the deal is due: on its day, and on each day after until it is moved.',
  data: ReviewReminder,
});

/** Every type of event that deals publish. */
export const DEAL_EVENT_TYPES = [
  DEAL_CREATED,
  DEAL_UPDATED,
  DEAL_STAGE_CHANGED,
  DEAL_ASSIGNED,
  DEAL_DELETED,
  DEAL_REVIEW_DUE,
];
