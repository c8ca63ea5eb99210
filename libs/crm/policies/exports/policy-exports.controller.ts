import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller } from '#platform/auth';
import { AnswersCsv, CsvExports } from '#platform/http';
import type { Caller } from '#platform/kernel';
import { POLICY_FILE_COLUMNS } from './policy-file.js';
import { policyFilter, PolicyFilterDto } from '../policy.dto.js';
import { ExportPoliciesQuery } from '../queries/export-policies.query.js';

@ApiTags('exports')
@Controller('exports/policies')
export class PolicyExportsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The policies that the same filters list, as a file that an import takes' })
  @AnswersCsv(POLICY_FILE_COLUMNS)
  async send(
    @CurrentCaller() caller: Caller,
    @Query() query: PolicyFilterDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const batches = await this.queries.execute(new ExportPoliciesQuery(caller, policyFilter(query)));
    this.exports.send(reply, caller, { name: 'policies', columns: POLICY_FILE_COLUMNS, batches });
  }
}
