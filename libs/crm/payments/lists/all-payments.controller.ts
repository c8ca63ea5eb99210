import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import { type ListAnswer, PageOf, pageRequest, toPage } from '#platform/http';
import type { Caller } from '#platform/kernel';
import type { PaymentView } from '../contracts.js';
import { PaymentResource } from '../payment.dto.js';
import { ListAllPaymentsQuery } from '../queries/list-all-payments.query.js';
import { PAYMENT_LIST } from '../queries/payment-filter.js';
import { bookFilter, ListAllPaymentsDto } from './payment-filter.dto.js';

/** Payments of all deals. */
@ApiTags('payments')
@Controller('payments')
export class AllPaymentsController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({ summary: 'Payments of the deals visible to you, the earliest planned first unless sorted' })
  @ApiOkResponse({ type: PageOf(PaymentResource) })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListAllPaymentsDto): Promise<ListAnswer<PaymentView>> {
    const page = pageRequest(query, PAYMENT_LIST);
    const list = new ListAllPaymentsQuery(caller, bookFilter(query), new Set(query.include), page);
    return toPage(await this.queries.execute(list), page.order);
  }
}
