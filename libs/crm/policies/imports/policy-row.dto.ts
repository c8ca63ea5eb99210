import { EnumField, UuidField } from '#platform/http';
import { CLOSE_REASONS, type CloseReason, POLICY_STATUSES, type PolicyStatus } from '../contracts.js';
import { AddPolicyDto } from '../policy.dto.js';

/** A row of a file of policies: what POST /policies takes, and how far the policy is in its life. */
export class PolicyRowDto extends AddPolicyDto {
  @UuidField({ optional: true })
  id?: string;

  @EnumField(POLICY_STATUSES, { optional: true })
  status?: PolicyStatus;

  @EnumField(CLOSE_REASONS, { optional: true })
  close_reason?: CloseReason;
}
