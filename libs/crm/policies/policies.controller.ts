import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import {
  Creates,
  Idempotent,
  IfMatch,
  type ListAnswer,
  PageOf,
  pageRequest,
  Problems,
  toPage,
  UuidParam,
} from '#platform/http';
import type { Caller, ExpectedVersion } from '#platform/kernel';
import { ActivatePolicyCommand } from './commands/activate-policy.command.js';
import { AddPolicyCommand } from './commands/add-policy.command.js';
import { ClosePolicyCommand } from './commands/close-policy.command.js';
import { DeletePolicyCommand } from './commands/delete-policy.command.js';
import { RenewPolicyCommand } from './commands/renew-policy.command.js';
import { RevisePolicyCommand } from './commands/revise-policy.command.js';
import type { PolicyView } from './contracts.js';
import {
  AddPolicyDto,
  ClosePolicyDto,
  ListPoliciesDto,
  newPolicyFacts,
  policyFilter,
  policyFacts,
  PolicyResource,
  RenewPolicyDto,
  RevisePolicyDto,
} from './policy.dto.js';
import { subjectRequired } from './policy.errors.js';
import { GetPolicyQuery } from './queries/get-policy.query.js';
import { ListPoliciesQuery, POLICY_LIST } from './queries/list-policies.query.js';

const COLLECTION = '/api/v1/policies';

const MONEY = ['amount_precision', 'currency_not_supported'];

@ApiTags('policies')
@Controller('policies')
export class PoliciesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Policies in your scope, the newest first unless sorted' })
  @ApiOkResponse({ type: PageOf(PolicyResource) })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListPoliciesDto): Promise<ListAnswer<PolicyView>> {
    const page = pageRequest(query, POLICY_LIST);
    return toPage(await this.queries.execute(new ListPoliciesQuery(caller, policyFilter(query), page)), page.order);
  }

  @Post()
  @ApiOperation({ summary: 'Draft a policy, on a deal or for a client alone' })
  @Creates('', { type: PolicyResource })
  @Problems({
    400: ['client_mismatch', 'policy_dates_reversed', 'policy_number_empty', 'currency_required'],
    404: ['deal_not_found', 'client_not_found'],
    409: ['policy_number_taken'],
    422: ['owner_mismatch', ...MONEY],
  })
  async add(@CurrentCaller() caller: Caller, @Body() body: AddPolicyDto): Promise<PolicyView> {
    if (!body.deal_id && !body.client_id) throw subjectRequired();
    const subject = { dealId: body.deal_id, clientId: body.client_id, ownerId: body.owner_id };
    return this.commands.execute(new AddPolicyCommand(caller, subject, newPolicyFacts(body)));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One policy' })
  @ApiOkResponse({ type: PolicyResource })
  @Problems({ 404: ['policy_not_found'] })
  async get(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<PolicyView> {
    return this.queries.execute(new GetPolicyQuery(caller, id));
  }

  @Patch(':id')
  @Idempotent()
  @ApiOperation({ summary: 'Change a policy that is not closed; what is absent stays' })
  @ApiOkResponse({ type: PolicyResource })
  @Problems({
    400: ['policy_incomplete', 'policy_dates_reversed', 'policy_number_empty', 'currency_required'],
    404: ['policy_not_found'],
    409: [
      'policy_closed',
      'policy_number_taken',
      'policy_not_draft',
      'policy_has_payments',
      'policy_transition_forbidden',
      'edit_conflict',
    ],
    412: ['version_mismatch'],
    422: MONEY,
  })
  async revise(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() body: RevisePolicyDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PolicyView> {
    if (body.is_deleted) return this.commands.execute(new DeletePolicyCommand(caller, id, expected));
    return this.commands.execute(new RevisePolicyCommand(caller, id, policyFacts(body), body.status, expected));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a draft' })
  @Problems({
    404: ['policy_not_found'],
    409: ['policy_not_draft', 'policy_has_payments', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeletePolicyCommand(caller, id, expected));
  }

  @Post(':id/activate')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'Put a drafted policy into force' })
  @ApiOkResponse({ type: PolicyResource })
  @Problems({
    400: ['policy_incomplete'],
    404: ['policy_not_found'],
    409: ['policy_transition_forbidden', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async activate(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PolicyView> {
    return this.commands.execute(new ActivatePolicyCommand(caller, id, expected));
  }

  @Post(':id/close')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'End a policy, with the reason' })
  @ApiOkResponse({ type: PolicyResource })
  @Problems({
    404: ['policy_not_found'],
    409: ['policy_transition_forbidden', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async close(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() { reason }: ClosePolicyDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PolicyView> {
    return this.commands.execute(new ClosePolicyCommand(caller, id, reason, expected));
  }

  @Post(':id/renew')
  @ApiOperation({ summary: 'Draft the policy that follows this one' })
  @Creates(COLLECTION, { type: PolicyResource })
  @Problems({
    400: ['policy_dates_reversed', 'policy_number_empty', 'currency_required'],
    404: ['policy_not_found'],
    409: ['policy_already_renewed', 'policy_not_renewable', 'policy_number_taken', 'edit_conflict'],
    412: ['version_mismatch'],
    422: MONEY,
  })
  async renew(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() body: RenewPolicyDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PolicyView> {
    return this.commands.execute(new RenewPolicyCommand(caller, id, policyFacts(body), expected));
  }
}
