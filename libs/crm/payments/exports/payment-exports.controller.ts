import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller } from '#platform/auth';
import { AnswersCsv, CsvExports, DateField, EnumField, UuidField } from '#platform/http';
import type { CalendarDate, Caller } from '#platform/kernel';
import { PAYMENT_STATUSES, type PaymentStatus } from '../contracts.js';
import { PAYMENT_FILE_COLUMNS } from './payment-file.js';
import { ExportPaymentsQuery } from '../queries/export-payments.query.js';

/** Which payments a file has. */
class PaymentFilterDto {
  @UuidField({ optional: true })
  deal_id?: string;

  @UuidField({ optional: true })
  policy_id?: string;

  @EnumField(PAYMENT_STATUSES, { each: true, maxItems: 4, optional: true, description: 'Any of them.' })
  status?: PaymentStatus[];

  @DateField({ optional: true })
  planned_from?: CalendarDate;

  @DateField({ optional: true, description: 'Included.' })
  planned_to?: CalendarDate;
}

@ApiTags('exports')
@Controller('exports/payments')
export class PaymentExportsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Payments of the deals visible to the caller, as a file that an import takes' })
  @AnswersCsv(PAYMENT_FILE_COLUMNS)
  async send(
    @CurrentCaller() caller: Caller,
    @Query() query: PaymentFilterDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { deal_id: dealId, policy_id: policyId, status: statuses = [] } = query;
    const filter = { dealId, policyId, statuses, plannedFrom: query.planned_from, plannedTo: query.planned_to };
    const batches = await this.queries.execute(new ExportPaymentsQuery(caller, filter));
    this.exports.send(reply, caller, { name: 'payments', columns: PAYMENT_FILE_COLUMNS, batches });
  }
}
