import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { PolicyView } from '#crm/policies/contracts';
import { CurrentCaller } from '#platform/auth';
import {
  Creates,
  dateRanges,
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
import { AddQuoteCommand } from './commands/add-quote.command.js';
import { ChangeQuoteStatusCommand } from './commands/change-quote-status.command.js';
import { DeleteQuoteCommand } from './commands/delete-quote.command.js';
import { DraftPolicyCommand } from './commands/draft-policy.command.js';
import { ReviseQuoteCommand } from './commands/revise-quote.command.js';
import type { QuoteView } from './contracts.js';
import { CompareQuotesQuery } from './queries/compare-quotes.query.js';
import { GetQuoteQuery } from './queries/get-quote.query.js';
import { ListQuotesQuery, QUOTE_LIST } from './queries/list-quotes.query.js';
import {
  AddQuoteDto,
  ChangeQuoteStatusDto,
  ComparisonResource,
  ListQuotesDto,
  newQuoteFacts,
  quoteFacts,
  QuoteResource,
  ReviseQuoteDto,
} from './quote.dto.js';

const MONEY = ['amount_precision', 'currency_not_supported'];
const NOT_FOUND = ['deal_not_found', 'quote_not_found'];
const GUARDS = [
  'files_required_for_ready',
  'program_required_for_ready',
  'premium_required_for_ready',
  'validity_period_required_for_ready',
];

@ApiTags('quotes')
@Controller('deals/:id/quotes')
export class QuotesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'A deal’s quotes, the oldest first' })
  @ApiOkResponse({ type: PageOf(QuoteResource) })
  @Problems({ 404: ['deal_not_found'] })
  async list(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Query() query: ListQuotesDto,
  ): Promise<ListAnswer<QuoteView>> {
    const filter = {
      statuses: query.status,
      insuranceCompany: query.insurance_company,
      ranges: dateRanges(query, QUOTE_LIST),
    };
    const page = pageRequest(query, QUOTE_LIST);
    return toPage(await this.queries.execute(new ListQuotesQuery(caller, id, filter, page)), page.order);
  }

  @Get('compare')
  @ApiOperation({ summary: 'Ready and confirmed quotes side by side, the lowest premium of each currency first' })
  @ApiOkResponse({ type: ComparisonResource })
  @Problems({ 404: ['deal_not_found'] })
  async compare(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<ComparisonResource> {
    return { items: await this.queries.execute(new CompareQuotesQuery(caller, id)) };
  }

  @Post()
  @ApiOperation({ summary: 'Put an insurer’s offer into an open deal' })
  @Creates('', { type: QuoteResource })
  @Problems({
    400: ['validity_period_reversed', 'files_too_long'],
    404: ['deal_not_found'],
    409: ['deal_closed'],
    422: ['owner_mismatch', ...MONEY],
  })
  async add(@CurrentCaller() caller: Caller, @UuidParam() id: string, @Body() body: AddQuoteDto): Promise<QuoteView> {
    return this.commands.execute(new AddQuoteCommand(caller, id, newQuoteFacts(body), body.owner_id));
  }

  @Get(':qid')
  @ApiOperation({ summary: 'One quote' })
  @ApiOkResponse({ type: QuoteResource })
  @Problems({ 404: NOT_FOUND })
  async get(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @UuidParam('qid') quoteId: string,
  ): Promise<QuoteView> {
    return this.queries.execute(new GetQuoteQuery(caller, id, quoteId));
  }

  @Patch(':qid')
  @Idempotent()
  @ApiOperation({ summary: 'Change a quote that is not confirmed yet; what is absent stays' })
  @ApiOkResponse({ type: QuoteResource })
  @Problems({
    400: ['quote_update_forbidden', 'validity_period_reversed', 'files_too_long', ...GUARDS],
    404: NOT_FOUND,
    409: ['deal_closed', 'edit_conflict'],
    412: ['version_mismatch'],
    422: MONEY,
  })
  async revise(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @UuidParam('qid') quoteId: string,
    @Body() body: ReviseQuoteDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<QuoteView> {
    if (body.is_deleted) return this.commands.execute(new DeleteQuoteCommand(caller, id, quoteId, expected));
    return this.commands.execute(new ReviseQuoteCommand(caller, id, quoteId, quoteFacts(body), expected));
  }

  @Delete(':qid')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a quote; its policy is released' })
  @Problems({ 404: NOT_FOUND, 409: ['deal_closed', 'edit_conflict'], 412: ['version_mismatch'] })
  async delete(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @UuidParam('qid') quoteId: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeleteQuoteCommand(caller, id, quoteId, expected));
  }

  @Post(':qid/status')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'Make ready, confirm (and link a policy), or archive' })
  @ApiOkResponse({ type: QuoteResource })
  @Problems({
    400: ['policy_not_applicable', 'policy_dates_reversed', ...GUARDS],
    404: [...NOT_FOUND, 'policy_not_found'],
    409: ['quote_transition_forbidden', 'policy_already_linked', 'policy_closed', 'deal_closed', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async changeStatus(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @UuidParam('qid') quoteId: string,
    @Body() { status, policy_id: policyId = null }: ChangeQuoteStatusDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<QuoteView> {
    return this.commands.execute(new ChangeQuoteStatusCommand(caller, id, quoteId, status, policyId, expected));
  }

  @Post(':qid/policy')
  @ApiOperation({ summary: 'Draft a policy from a confirmed quote' })
  @Creates('/api/v1/policies', { schema: { $ref: getSchemaPath('PolicyResource') } })
  @Problems({
    404: NOT_FOUND,
    409: ['quote_not_confirmed', 'quote_already_linked', 'deal_closed'],
    412: ['version_mismatch'],
  })
  async draftPolicy(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @UuidParam('qid') quoteId: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PolicyView> {
    return this.commands.execute(new DraftPolicyCommand(caller, id, quoteId, expected));
  }
}
