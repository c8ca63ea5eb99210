import type { Type } from '@nestjs/common';
import { DealResource } from '#crm/deals';
import { SummaryResource } from '#crm/payments';
import { PolicyResource } from '#crm/policies';
import {
  DealAccessAnswer,
  DealAccessRequest,
  GetDealRequest,
  GetPolicyRequest,
  PaymentsSummaryRequest,
} from './rpc.dto.js';

/** One thing that other services may ask. */
interface RpcPattern {
  /** What the request's `pattern` names. */
  readonly pattern: string;
  /** One sentence for the catalogue. */
  readonly summary: string;
  /** DTO of its `data`. */
  readonly request: Type<object>;
  /** DTO of its answer. */
  readonly response: Type<object>;
}

/** The queue that takes every request. */
export const RPC_QUEUE = 'crm.rpc';

/** Everything that is answered over RPC: the controller handles these, the catalogue describes them. */
export const RPC_PATTERNS = {
  getDeal: {
    pattern: 'crm.deals.get',
    summary: 'One deal, if whoever asks may see it',
    request: GetDealRequest,
    response: DealResource,
  },
  dealAccess: {
    pattern: 'crm.deals.access',
    summary: 'Whether a user may see and edit a deal and its documents',
    request: DealAccessRequest,
    response: DealAccessAnswer,
  },
  getPolicy: {
    pattern: 'crm.policies.get',
    summary: 'One policy, if whoever asks may see it',
    request: GetPolicyRequest,
    response: PolicyResource,
  },
  paymentsSummary: {
    pattern: 'crm.payments.summary',
    summary: 'What is planned, came and went on a deal: per currency and nature, in transit and own',
    request: PaymentsSummaryRequest,
    response: SummaryResource,
  },
} as const satisfies Readonly<Record<string, RpcPattern>>;
