import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, requireAccess } from '#platform/auth';
import { IfMatch, type ListAnswer, ListQuery, PageOf, pageRequest, Problems, toPage } from '#platform/http';
import type { Caller, ExpectedVersion, ListColumns } from '#platform/kernel';
import { type Bookmark, EventBookmarks } from '#platform/messaging';
import { BookmarkResource, requireBookmarkName, SetBookmarkDto } from './bookmark.dto.js';

const BY_NAME: ListColumns = { name: 'bookmarks', sort: 'name', sorts: { name: { name: 'text' } } };
const CREATED = 201;

@ApiTags('events')
@Controller('events/bookmarks')
export class BookmarksController {
  constructor(private readonly bookmarks: EventBookmarks) {}

  @Get()
  @ApiOperation({ summary: 'How far each consumer of the feed has come; admins and services' })
  @ApiOkResponse({ type: PageOf(BookmarkResource) })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListQuery): Promise<ListAnswer<Bookmark>> {
    requireAccess(caller, 'events', 'read');
    const { after = [''], limit, order, includeTotal } = pageRequest(query, BY_NAME);
    return toPage(await this.bookmarks.list(after[0]!, limit, includeTotal), order);
  }

  @Get(':name')
  @ApiOperation({ summary: 'One bookmark' })
  @ApiOkResponse({ type: BookmarkResource })
  @Problems({ 400: ['malformed_name'], 404: ['bookmark_not_found'] })
  async get(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<Bookmark> {
    requireAccess(caller, 'events', 'read');
    return this.bookmarks.get(requireBookmarkName(name));
  }

  @Put(':name')
  @ApiOperation({
    summary: 'Make a bookmark, or move it',
    description:
      'To move a bookmark, name its expected position: by `If-Match`, or by `expected_position`. It goes back only with ' +
      '`move_back`. Retention stores every event after a bookmark: delete bookmarks that are no longer moved.',
  })
  @ApiOkResponse({ type: BookmarkResource })
  @ApiCreatedResponse({ type: BookmarkResource })
  @Problems({
    400: ['malformed_name'],
    409: ['bookmark_moves_back', 'edit_conflict', 'position_in_future'],
    410: ['position_gone'],
    412: ['version_mismatch'],
    428: ['precondition_required'],
  })
  async set(
    @CurrentCaller() caller: Caller,
    @Param('name') given: string,
    @Body() body: SetBookmarkDto,
    @IfMatch() expectedVersion: ExpectedVersion,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Bookmark> {
    requireAccess(caller, 'events', 'edit');
    const name = requireBookmarkName(given);
    const isNew = await this.bookmarks.set(name, {
      position: BigInt(body.position),
      expectedVersion,
      expectedPosition: body.expected_position === undefined ? undefined : BigInt(body.expected_position),
      mayMoveBack: body.move_back,
      by: caller.userId,
    });
    if (isNew) reply.code(CREATED);
    return this.bookmarks.get(name);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a bookmark: its consumer is no longer waited for' })
  @Problems({ 400: ['malformed_name'], 404: ['bookmark_not_found'], 412: ['version_mismatch'] })
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('name') name: string,
    @IfMatch() expectedVersion: ExpectedVersion,
  ): Promise<void> {
    requireAccess(caller, 'events', 'edit');
    await this.bookmarks.delete(requireBookmarkName(name), expectedVersion);
  }
}
