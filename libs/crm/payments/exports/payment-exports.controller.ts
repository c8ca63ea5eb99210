import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller } from '#platform/auth';
import { AnswersCsv, CsvExports, UuidField } from '#platform/http';
import type { Caller } from '#platform/kernel';
import { PaymentFilterDto, paymentFilter } from '../lists/payment-filter.dto.js';
import { PAYMENT_FILE_COLUMNS } from './payment-file.js';
import { ExportPaymentsQuery } from '../queries/export-payments.query.js';

/** Which payments a file has. */
class ExportPaymentsDto extends PaymentFilterDto {
  @UuidField({ optional: true })
  deal_id?: string;
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
    @Query() query: ExportPaymentsDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = { ...paymentFilter(query), dealId: query.deal_id, policyId: query.policy_id };
    const batches = await this.queries.execute(new ExportPaymentsQuery(caller, filter));
    this.exports.send(reply, caller, { name: 'payments', columns: PAYMENT_FILE_COLUMNS, batches });
  }
}
