import { ApiProperty, IntersectionType, PartialType } from '@nestjs/swagger';
import { EnumField, ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import { ReminderFacts } from '#platform/reminders';
import { CLOSE_REASONS, type CloseReason, type PolicyView } from './contracts.js';
import { PolicyResource } from './policy.dto.js';

class PreviousPolicy extends PartialType(PolicyResource) {}

/** The event types of one kind of policy; `DealId` is the type of their `deal_id`. */
export type PolicyEventTypes<DealId extends string | null> = ReturnType<typeof policyEventTypes<DealId>>;

/** Events of a policy with a deal, on the deal's stream. */
export const POLICY_OF_DEAL = policyEventTypes<string>({
  prefix: 'deal.policy',
  dealId: UuidField(),
  stream: 'deals/{deal_id}',
  followers: 'owner and executor of the deal',
});

/** One without a deal has a stream of its own. */
export const POLICY_ALONE = policyEventTypes<null>({
  prefix: 'policy',
  dealId: ApiProperty({ type: 'null', description: 'It has no deal.' }),
  stream: 'policies/{policy_id}',
  followers: 'owner of the policy',
});

/** Every type of event that policies publish. */
export const POLICY_EVENT_TYPES = [...Object.values(POLICY_OF_DEAL), ...Object.values(POLICY_ALONE)];

interface PolicyKind {
  /** First words of the routing keys. */
  readonly prefix: string;
  /** How `deal_id` is declared. */
  readonly dealId: PropertyDecorator;
  readonly stream: string;
  readonly followers: string;
}

function policyEventTypes<DealId extends string | null>({ prefix, dealId, ...kind }: PolicyKind) {
  const { Happening, Change, Closing, Deletion, Reminding } = policyFacts<DealId>(dealId);
  const key = (name: string) => ({ ...kind, key: `${prefix}.${name}` });
  return {
    created: new EventType({ ...key('created'), meaning: 'A policy was drafted.', data: Happening }),
    updated: new EventType({
      ...key('updated'),
      meaning: 'A policy changed: its fields, its status, or the quote it is linked to.',
      data: Change,
    }),
    activated: new EventType({ ...key('activated'), meaning: 'A policy came into force.', data: Happening }),
    closed: new EventType({ ...key('closed'), meaning: 'A policy was closed, for a reason.', data: Closing }),
    deleted: new EventType({ ...key('deleted'), meaning: 'A draft of a policy was deleted.', data: Deletion }),
    renewalDue: new EventType({
      ...key('renewal_due'),
      meaning: 'A policy ends in 30 or in 7 days, and nothing renews it.',
      data: Reminding,
    }),
    expired: new EventType({
      ...key('expired'),
      meaning: 'A policy ends today, or ended three days ago and closes, and no successor is in force.',
      data: Reminding,
    }),
  };
}

/** Common data of the events of a policy. */
function policyFacts<DealId extends string | null>(dealId: PropertyDecorator) {
  class Happening {
    @dealId
    readonly deal_id!: DealId;

    @UuidField()
    readonly client_id!: string;

    @UuidField()
    readonly policy_id!: string;

    @ObjectField(() => PolicyResource, { description: 'The policy after it.' })
    readonly policy!: PolicyView;
  }

  class Change extends Happening {
    @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed.' })
    readonly changed!: readonly string[];

    @ObjectField(() => PreviousPolicy, { description: 'Their values before.' })
    readonly previous!: Readonly<Partial<PolicyView>>;
  }

  class Closing extends Happening {
    @EnumField(CLOSE_REASONS)
    readonly reason!: CloseReason;
  }

  class Deletion extends Happening {
    @ApiProperty({ type: 'string', format: 'date-time' })
    readonly deleted_at!: Instant;

    @UuidField()
    readonly deleted_by_id!: string;
  }

  class Reminding extends IntersectionType(Happening, ReminderFacts) {}

  return { Happening, Change, Closing, Deletion, Reminding };
}
