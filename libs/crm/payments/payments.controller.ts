import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, requireActor } from '#platform/auth';
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
import { AddPaymentCommand } from './commands/add-payment.command.js';
import { CancelPaymentCommand } from './commands/cancel-payment.command.js';
import { ConfirmPaymentCommand } from './commands/confirm-payment.command.js';
import { DeletePaymentCommand } from './commands/delete-payment.command.js';
import { RevisePaymentCommand } from './commands/revise-payment.command.js';
import { SchedulePaymentsCommand } from './commands/schedule-payments.command.js';
import { type PaymentView, SummarizePaymentsQuery } from './contracts.js';
import { PathOfPayments } from './path-of-payments.js';
import {
  AddPaymentDto,
  ConfirmPaymentDto,
  newPaymentFacts,
  paymentFacts,
  PaymentResource,
  ReadPaymentDto,
  RevisePaymentDto,
  SchedulePaymentsDto,
  ScheduleResource,
} from './payment.dto.js';
import { ListPaymentsDto, paymentFilter } from './lists/payment-filter.dto.js';
import { type PaymentPath, withPlace } from './payment-path.js';
import { GetPaymentQuery } from './queries/get-payment.query.js';
import { ListPaymentsQuery } from './queries/list-payments.query.js';
import { PAYMENT_LIST } from './queries/payment-filter.js';
import { SummaryResource } from './summary.dto.js';

const OF_DEAL = ['deal_not_found', 'policy_not_found'];
const NOT_FOUND = [...OF_DEAL, 'payment_not_found'];
const PLACE = ['deal_mismatch', 'policy_mismatch'];
const MONEY = ['amount_precision', 'currency_not_supported'];
const DATES = ['actual_date_in_future', 'actual_date_before_planned_date'];

/** Payments of a deal, whatever the policy, and the same of one policy of it. */
@ApiTags('payments')
@Controller(['deals/:id/payments', 'deals/:id/policies/:policy_id/payments'])
export class PaymentsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Payments, the earliest planned first unless sorted' })
  @ApiOkResponse({ type: PageOf(PaymentResource) })
  @Problems({ 404: OF_DEAL, 422: ['policy_mismatch'] })
  async list(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @Query() query: ListPaymentsDto,
  ): Promise<ListAnswer<PaymentView>> {
    const of = withPlace(path, { policy_id: query.policy_id });
    const page = pageRequest(query, PAYMENT_LIST);
    const list = new ListPaymentsQuery(caller, of, paymentFilter(query), new Set(query.include), page);
    return toPage(await this.queries.execute(list), page.order);
  }

  @Get('summary')
  @ApiOperation({ summary: 'What is planned, came and went: per currency and nature, in transit and own' })
  @ApiOkResponse({ type: SummaryResource })
  @Problems({ 404: OF_DEAL })
  async summarize(@CurrentCaller() caller: Caller, @PathOfPayments() path: PaymentPath): Promise<SummaryResource> {
    return { items: await this.queries.execute(new SummarizePaymentsQuery(caller, path.dealId, path.policyId)) };
  }

  @Post()
  @ApiOperation({ summary: 'Plan a payment' })
  @Creates('', { type: PaymentResource })
  @Problems({ 400: DATES, 403: ['actor_mismatch'], 404: OF_DEAL, 422: [...PLACE, ...MONEY] })
  async add(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @Body() body: AddPaymentDto,
  ): Promise<PaymentView> {
    const of = withPlace(path, body);
    requireActor(caller, body.recorded_by_id, 'recorded_by_id');
    return this.commands.execute(new AddPaymentCommand(caller, of, newPaymentFacts(body), body.created_by_id));
  }

  @Post('schedule')
  @Idempotent()
  @ApiOperation({ summary: 'Plan an amount as equal payments that add up to it exactly' })
  @HttpCode(200)
  @ApiOkResponse({ type: ScheduleResource })
  @Problems({ 400: ['instalment_too_small', 'instalment_too_late'], 404: OF_DEAL, 422: [...PLACE, ...MONEY] })
  async schedule(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @Body() body: SchedulePaymentsDto,
  ): Promise<ScheduleResource> {
    const { deal_id, policy_id, comment = null, dry_run = false, first_date: firstDate, ...plan } = body;
    const of = withPlace(path, { deal_id, policy_id });
    const command = new SchedulePaymentsCommand(caller, of, { ...plan, firstDate }, comment, dry_run);
    return { dry_run, items: await this.commands.execute(command) };
  }

  @Get(':pid')
  @ApiOperation({ summary: 'One payment' })
  @ApiOkResponse({ type: PaymentResource })
  @Problems({ 404: NOT_FOUND })
  async get(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @Query() { include }: ReadPaymentDto,
  ): Promise<PaymentView> {
    return this.queries.execute(new GetPaymentQuery(caller, path, paymentId, new Set(include)));
  }

  @Patch(':pid')
  @Idempotent()
  @ApiOperation({ summary: 'Change a payment; what is absent stays' })
  @ApiOkResponse({ type: PaymentResource })
  @Problems({
    400: DATES,
    403: ['actor_mismatch'],
    404: NOT_FOUND,
    409: ['payment_cancelled', 'payment_has_transactions', 'payment_confirmed', 'edit_conflict'],
    412: ['version_mismatch'],
    422: [...PLACE, ...MONEY],
  })
  async revise(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @Body() body: RevisePaymentDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PaymentView> {
    if (body.is_deleted) return this.commands.execute(new DeletePaymentCommand(caller, path, paymentId, expected));
    const { deal_id, policy_id: policyId, recorded_by_id, status } = body;
    withPlace(path, { deal_id });
    requireActor(caller, recorded_by_id, 'recorded_by_id');
    const change = { facts: paymentFacts(body), status, policyId };
    return this.commands.execute(new RevisePaymentCommand(caller, path, paymentId, change, expected));
  }

  @Delete(':pid')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a payment that has no lines' })
  @Problems({ 404: NOT_FOUND, 409: ['payment_has_transactions', 'edit_conflict'], 412: ['version_mismatch'] })
  async delete(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeletePaymentCommand(caller, path, paymentId, expected));
  }

  @Post(':pid/confirm')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'Say that a payment was paid (finance, admin)' })
  @ApiOkResponse({ type: PaymentResource })
  @Problems({
    400: DATES,
    403: ['actor_mismatch'],
    404: NOT_FOUND,
    409: ['payment_cancelled', 'payment_confirmed', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async confirm(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @Body() { actual_date, recorded_by_id }: ConfirmPaymentDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PaymentView> {
    const command = new ConfirmPaymentCommand(caller, path, paymentId, actual_date, recorded_by_id, expected);
    return this.commands.execute(command);
  }

  @Post(':pid/cancel')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'Take a payment out of the plan for good (finance, admin)' })
  @ApiOkResponse({ type: PaymentResource })
  @Problems({ 404: NOT_FOUND, 409: ['payment_cancelled', 'edit_conflict'], 412: ['version_mismatch'] })
  async cancel(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PaymentView> {
    return this.commands.execute(new CancelPaymentCommand(caller, path, paymentId, expected));
  }
}
