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
import { AssignDealCommand } from './commands/assign-deal.command.js';
import { ChangeDealStageCommand } from './commands/change-deal-stage.command.js';
import { DeleteDealCommand } from './commands/delete-deal.command.js';
import { OpenDealCommand } from './commands/open-deal.command.js';
import { ReviseDealCommand } from './commands/revise-deal.command.js';
import type { DealView } from './contracts.js';
import {
  AssignDealDto,
  ChangeStageDto,
  dealChange,
  dealFilter,
  DealFilterQuery,
  DealMetricsQuery,
  DealResource,
  OpenDealDto,
  ReviseDealDto,
  StageMetricsResource,
} from './deal.dto.js';
import { GetDealQuery } from './queries/get-deal.query.js';
import { DEAL_LIST, ListDealsQuery } from './queries/list-deals.query.js';
import { StageMetricsQuery } from './queries/stage-metrics.query.js';

@ApiTags('deals')
@Controller('deals')
export class DealsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Deals in your scope, the most urgent review first unless sorted' })
  @ApiOkResponse({ type: PageOf(DealResource) })
  async list(@CurrentCaller() caller: Caller, @Query() query: DealFilterQuery): Promise<ListAnswer<DealView>> {
    const page = pageRequest(query, DEAL_LIST);
    return toPage(await this.queries.execute(new ListDealsQuery(caller, dealFilter(query), page)), page.order);
  }

  @Get('stage-metrics')
  @ApiOperation({ summary: 'The funnel over the deals that the same filters list' })
  @ApiOkResponse({ type: StageMetricsResource })
  async metrics(@CurrentCaller() caller: Caller, @Query() query: DealMetricsQuery): Promise<StageMetricsResource> {
    const items = await this.queries.execute(new StageMetricsQuery(caller, dealFilter(query)));
    return { items: items as StageMetricsResource['items'] };
  }

  @Post()
  @ApiOperation({ summary: 'Open a deal; it starts at qualification' })
  @Creates('', { type: DealResource })
  @Problems({ 403: ['owner_forbidden'], 404: ['client_not_found'] })
  async open(@CurrentCaller() caller: Caller, @Body() body: OpenDealDto): Promise<DealView> {
    return this.commands.execute(
      new OpenDealCommand(caller, {
        clientId: body.client_id,
        title: body.title,
        description: body.description,
        nextReviewAt: body.next_review_at,
        ownerId: body.owner_id,
        executorId: body.executor_id,
      }),
    );
  }

  @Get(':id')
  @ApiOperation({ summary: 'One deal' })
  @ApiOkResponse({ type: DealResource })
  @Problems({ 404: ['deal_not_found'] })
  async get(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<DealView> {
    return this.queries.execute(new GetDealQuery(caller, id));
  }

  @Patch(':id')
  @Idempotent()
  @ApiOperation({ summary: 'Change a deal; what is absent stays' })
  @ApiOkResponse({ type: DealResource })
  @Problems({
    400: ['reason_not_applicable'],
    404: ['deal_not_found'],
    409: ['deal_has_payments', 'deal_closed', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async revise(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() body: ReviseDealDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<DealView> {
    if (body.is_deleted) return this.commands.execute(new DeleteDealCommand(caller, id, expected));
    return this.commands.execute(new ReviseDealCommand(caller, id, dealChange(body), expected));
  }

  @Patch(':id/stage')
  @Idempotent()
  @ApiOperation({ summary: 'Move a deal through the funnel; closed stages are final' })
  @ApiOkResponse({ type: DealResource })
  @Problems({
    400: ['reason_not_applicable'],
    404: ['deal_not_found'],
    409: ['deal_closed', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async changeStage(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() { stage, reason = null }: ChangeStageDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<DealView> {
    return this.commands.execute(new ChangeDealStageCommand(caller, id, stage, reason, expected));
  }

  @Patch(':id/assignment')
  @Idempotent()
  @ApiOperation({ summary: 'Give a deal to another owner or executor; leads and admins' })
  @ApiOkResponse({ type: DealResource })
  @Problems({ 404: ['deal_not_found'], 409: ['deal_closed', 'edit_conflict'], 412: ['version_mismatch'] })
  async assign(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() { owner_id: ownerId, executor_id: executorId }: AssignDealDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<DealView> {
    return this.commands.execute(new AssignDealCommand(caller, id, { ownerId, executorId }, expected));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a deal; its journal stays' })
  @Problems({
    404: ['deal_not_found'],
    409: ['deal_has_payments', 'deal_closed', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeleteDealCommand(caller, id, expected));
  }
}
