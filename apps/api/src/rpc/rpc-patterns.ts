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

/** One request pattern of RPC. */
interface RpcPattern {
  /** Value of the request's `pattern`. */
  readonly pattern: string;
  /** One sentence for the catalogue. */
  readonly summary: string;
  /** DTO of its `data`. */
  readonly request: Type<object>;
  /** DTO of its answer. */
  readonly response: Type<object>;
}

/** The queue of all RPC requests. */
export const RPC_QUEUE = 'crm.rpc';

/** All RPC patterns: the controller handles them, the catalogue describes them. */
export const RPC_PATTERNS = {
  getDeal: {
    pattern: 'crm.deals.get',
    summary: 'One deal that is visible to the caller',
    request: GetDealRequest,
    response: DealResource,
  },
  dealAccess: {
    pattern: 'crm.deals.access',
    summary: 'Whether a user may read and edit a deal and its documents',
    request: DealAccessRequest,
    response: DealAccessAnswer,
  },
  getPolicy: {
    pattern: 'crm.policies.get',
    summary: 'One policy that is visible to the caller',
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
