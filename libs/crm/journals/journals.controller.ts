import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import {
  dateRanges,
  Idempotent,
  type ListAnswer,
  PageOf,
  pageRequest,
  Problems,
  toPage,
  UuidParam,
} from '#platform/http';
import type { Caller } from '#platform/kernel';
import { WriteNoteCommand } from './commands/write-note.command.js';
import type { JournalEntryView } from './contracts.js';
import { JournalEntryResource, JournalVerdictResource, ListJournalDto, WriteNoteDto } from './journal.dto.js';
import { JOURNAL_LIST, ListJournalQuery } from './queries/list-journal.query.js';
import { type JournalVerdict, VerifyJournalQuery } from './queries/verify-journal.query.js';

@ApiTags('journal')
@Controller('deals/:id/journal')
@Problems({ 404: ['deal_not_found'] })
export class JournalsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All that happened to a deal, the newest last' })
  @ApiOkResponse({ type: PageOf(JournalEntryResource) })
  async list(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Query() query: ListJournalDto,
  ): Promise<ListAnswer<JournalEntryView>> {
    const filter = { kinds: query.kind, ranges: dateRanges(query, JOURNAL_LIST) };
    const page = pageRequest(query, JOURNAL_LIST);
    return toPage(await this.queries.execute(new ListJournalQuery(caller, id, filter, page)), page.order);
  }

  @Post()
  @Idempotent()
  @ApiOperation({ summary: 'Write a note; a closed deal takes notes too' })
  @ApiCreatedResponse({ type: JournalEntryResource })
  @Problems({ 403: ['actor_mismatch'] })
  async write(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() { body, author_id: authorId }: WriteNoteDto,
  ): Promise<JournalEntryView> {
    return this.commands.execute(new WriteNoteCommand(caller, id, body, authorId));
  }

  @Get('verify')
  @ApiOperation({ summary: 'Recompute the hash chain of the journal' })
  @ApiOkResponse({ type: JournalVerdictResource })
  async verify(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<JournalVerdict> {
    return this.queries.execute(new VerifyJournalQuery(caller, id));
  }
}
