import { TextField, UuidField } from '#platform/http';
import { ApiProperty } from '@nestjs/swagger';
import type { DealAccess } from '#crm/deals';

/** Common members of every request. */
export class RpcRequest {
  @TextField({ min: 1, max: 8_192, description: 'The access token of the user served, or of a service; as for HTTP.' })
  token!: string;
}

/** Request of `crm.deals.get`. */
export class GetDealRequest extends RpcRequest {
  @UuidField()
  deal_id!: string;
}

/** Request of `crm.deals.access`. */
export class DealAccessRequest extends RpcRequest {
  @UuidField()
  deal_id!: string;

  @UuidField({
    optional: true,
    description: 'The user whose access is queried: required for a service; any other caller may only name itself.',
  })
  user_id?: string;

  @TextField({
    min: 1,
    max: 100,
    each: true,
    maxItems: 50,
    optional: true,
    description: 'The roles of that user as his token names them; given with `user_id` by a service.',
    example: ['ROLE_SALES_AGENT'],
  })
  roles?: string[];
}

/** Answer of `crm.deals.access`. */
export class DealAccessAnswer implements DealAccess {
  @UuidField()
  readonly deal_id!: string;

  @ApiProperty({ description: 'Read access to the deal, its journal and documents; false also for a missing deal.' })
  readonly can_read!: boolean;

  @ApiProperty({ description: 'May change the deal, and add and remove its documents.' })
  readonly can_edit!: boolean;
}

/** Request of `crm.policies.get`. */
export class GetPolicyRequest extends RpcRequest {
  @UuidField()
  policy_id!: string;
}

/** Request of `crm.payments.summary`. */
export class PaymentsSummaryRequest extends GetDealRequest {}

/** Reply to a refused request. */
export class RpcError {
  @ApiProperty({ description: 'Stable, for a program.', example: 'deal_not_found' })
  readonly code!: string;

  @ApiProperty({ description: 'The status that HTTP would answer.', example: 404 })
  readonly status!: number;

  @ApiProperty({ description: 'For a person.', example: 'There is no such deal.' })
  readonly detail!: string;

  @ApiProperty({ description: 'What to report when asking for help.' })
  readonly trace_id!: string;

  @ApiProperty({
    required: false,
    description: 'Which fields of the request are wrong.',
    type: 'array',
    items: { type: 'object', additionalProperties: { type: 'string' } },
  })
  readonly errors?: readonly object[];
}
