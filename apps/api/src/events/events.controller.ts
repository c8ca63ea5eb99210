import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, requireAccess } from '#platform/auth';
import { HttpSettings } from '#platform/config';
import { onResponseClose, Problems } from '#platform/http';
import { type Caller, DomainError } from '#platform/kernel';
import { cloudEventOf, EventBookmarks } from '#platform/messaging';
import { patternsOf } from '../streams/selection/event-selection.js';
import { EventFeed } from './event-feed.js';
import { FeedQuery, FeedResource } from './feed-query.js';

const MS = 1_000;

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly bookmarks: EventBookmarks,
    private readonly http: HttpSettings,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'The log of events, to pull; admins and services',
    description:
      'Every event, once, in one order without gap: as CloudEvents, the same as on RabbitMQ. Pass `next_after` of one ' +
      'answer as `after` of the next. A position whose successors are deleted is answered 410 with the ' +
      'oldest one, `oldest_position`.',
  })
  @ApiOkResponse({ type: FeedResource })
  @Problems({
    404: ['bookmark_not_found'],
    409: ['position_in_future'],
    410: ['position_gone'],
    429: ['too_many_polls'],
  })
  async read(
    @CurrentCaller() caller: Caller,
    @Query() query: FeedQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    requireAccess(caller, 'events', 'read');
    const after = await this.startOf(query);
    const filter = { dealIds: query.deal_id ?? [], types: patternsOf(query.types) };
    const request = { userId: caller.userId, after, filter, limit: query.limit, waitMs: query.wait * MS };
    const page = await this.feed.read(request, (listener) => onResponseClose(reply.raw, listener));
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store');
    const items = page.events.map((event) => cloudEventOf(event, this.http.publicUrl!));
    return `{"items":[${items.join(',')}],"next_after":"${page.through}","has_more":${page.hasMore}}`;
  }

  private async startOf({ after, bookmark }: FeedQuery): Promise<bigint | undefined> {
    if (bookmark === undefined) return after === undefined ? undefined : BigInt(after);
    if (after === undefined) return BigInt((await this.bookmarks.get(bookmark)).position);
    const detail = 'is not taken together with after';
    throw new DomainError('unprocessable', 'validation_failed', `bookmark ${detail}.`, {
      errors: [{ pointer: '?bookmark', code: 'exclusive', detail }],
    });
  }
}
