import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller } from '#platform/auth';
import { AnswersCsv, CsvExports } from '#platform/http';
import type { Caller } from '#platform/kernel';
import { DEAL_FILE_COLUMNS } from './deal-file.js';
import { dealFilter, DealMetricsQuery } from '../deal.dto.js';
import { ExportDealsQuery } from '../queries/export-deals.query.js';

@ApiTags('exports')
@Controller('exports/deals')
export class DealExportsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The deals that the same filters list, as a file that an import takes' })
  @AnswersCsv(DEAL_FILE_COLUMNS)
  async send(
    @CurrentCaller() caller: Caller,
    @Query() query: DealMetricsQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const batches = await this.queries.execute(new ExportDealsQuery(caller, dealFilter(query)));
    this.exports.send(reply, caller, { name: 'deals', columns: DEAL_FILE_COLUMNS, batches });
  }
}
