import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import { dateRanges, type ListAnswer, PageOf, pageRequest, toPage } from '#platform/http';
import type { Caller } from '#platform/kernel';
import type { JournalEntryView } from './contracts.js';
import { JournalEntryResource, ListAllEntriesDto } from './journal.dto.js';
import { ENTRY_LIST, ListAllEntriesQuery } from './queries/list-all-entries.query.js';

/** The journals of all deals, for auditors. */
@ApiTags('journal')
@Controller('journal')
export class JournalAuditController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({
    summary: 'What happened to all deals, the newest first unless sorted (finance, lead, admin)',
    description: 'Has the entries of deleted deals too. Entries are found by their time: narrow it by `created_from`.',
  })
  @ApiOkResponse({ type: PageOf(JournalEntryResource) })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListAllEntriesDto,
  ): Promise<ListAnswer<JournalEntryView>> {
    const { kind: kinds, author_id: authorId, deal_id: dealId } = query;
    const filter = { kinds, authorId, dealId, ranges: dateRanges(query, ENTRY_LIST) };
    const page = pageRequest(query, ENTRY_LIST);
    return toPage(await this.queries.execute(new ListAllEntriesQuery(caller, filter, page)), page.order);
  }
}
