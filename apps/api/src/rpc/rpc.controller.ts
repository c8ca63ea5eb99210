import { Controller, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { type DealAccess, DealAccessQuery, type DealResource, GetDealQuery } from '#crm/deals';
import { SummarizePaymentsQuery, type SummaryResource } from '#crm/payments';
import { GetPolicyQuery, type PolicyResource } from '#crm/policies';
import { access, rolesOf } from '#platform/auth';
import { RequestValidationPipe, validationFailed } from '#platform/http';
import { type Caller, DomainError } from '#platform/kernel';
import { RpcCaller } from './rpc-exchange.js';
import { RPC_PATTERNS } from './rpc-patterns.js';
import { RpcErrorFilter } from './rpc-error.filter.js';
import { RpcGuard } from './rpc.guard.js';
import { DealAccessRequest, GetDealRequest, GetPolicyRequest, PaymentsSummaryRequest } from './rpc.dto.js';

/** Read-only queries of other services. A service sees everything; any other caller sees what HTTP would show. */
@Controller()
@UseGuards(RpcGuard)
@UsePipes(RequestValidationPipe)
@UseFilters(RpcErrorFilter)
export class RpcController {
  constructor(private readonly queries: QueryBus) {}

  @MessagePattern(RPC_PATTERNS.getDeal.pattern)
  getDeal(@Payload() { deal_id }: GetDealRequest, @RpcCaller() caller: Caller): Promise<DealResource> {
    return this.queries.execute(new GetDealQuery(caller, deal_id, wayOf(caller, 'deals')));
  }

  @MessagePattern(RPC_PATTERNS.dealAccess.pattern)
  dealAccess(@Payload() request: DealAccessRequest, @RpcCaller() caller: Caller): Promise<DealAccess> {
    return this.queries.execute(new DealAccessQuery(askedOf(request, caller), request.deal_id));
  }

  @MessagePattern(RPC_PATTERNS.paymentsSummary.pattern)
  async summarizePayments(
    @Payload() { deal_id }: PaymentsSummaryRequest,
    @RpcCaller() caller: Caller,
  ): Promise<SummaryResource> {
    const asked = new SummarizePaymentsQuery(caller, deal_id, null, wayOf(caller, 'payments'));
    return { items: await this.queries.execute(asked) };
  }

  @MessagePattern(RPC_PATTERNS.getPolicy.pattern)
  getPolicy(@Payload() { policy_id }: GetPolicyRequest, @RpcCaller() caller: Caller): Promise<PolicyResource> {
    return this.queries.execute(new GetPolicyQuery(caller, policy_id, wayOf(caller, 'policies')));
  }
}

/** Selects the access rule: `rpc` for a service, else `read`. */
function wayOf(caller: Caller, resource: 'deals' | 'policies' | 'payments'): 'read' | 'rpc' {
  return access(caller, resource, 'rpc') ? 'rpc' : 'read';
}

/**
 * Returns the user of an access query: a service names the user and the roles; any other caller is that user.
 * @throws DomainError `validation_failed` or `actor_mismatch`.
 */
function askedOf({ user_id, roles }: DealAccessRequest, caller: Caller): Caller {
  if (!access(caller, 'deals', 'rpc')) {
    if (roles === undefined && (user_id === undefined || user_id.toLowerCase() === caller.userId)) return caller;
    throw new DomainError('forbidden', 'actor_mismatch', 'Only a service may query the access of another user.');
  }
  const missing = [...(user_id === undefined ? ['user_id'] : []), ...(roles === undefined ? ['roles'] : [])];
  if (user_id === undefined || roles === undefined) {
    throw validationFailed(
      missing.map((name) => ({ pointer: `/${name}`, code: 'required', detail: 'must be given by a service' })),
    );
  }
  return { userId: user_id.toLowerCase(), roles: rolesOf({ roles }) };
}
