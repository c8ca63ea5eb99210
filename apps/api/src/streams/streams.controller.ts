import type { OutgoingHttpHeaders } from 'node:http';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AcceptsTokenInQuery, CurrentCaller, TokenExpiry } from '#platform/auth';
import { API_PREFIX, Problems } from '#platform/http';
import type { Caller } from '#platform/kernel';
import { OpenStreams } from './delivery/open-streams.js';
import { filterOf, StreamQuery } from './stream-query.js';
import { viewerOf } from './selection/viewer.js';

const EXAMPLE = `retry: 3000
id: 41

id: 42
event: deal.stage_changed
data: {"id":"019ab0c4-7d11-7cc2-a0a1-6d5d2c6b3f0e","type":"crm.deal.stage_changed","time":"2026-11-23T07:22:58.100Z","position":"42","subject":"deals/019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52","stream_version":3,"deal_id":"019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52","client_id":"019ab0c4-5b7a-7d18-9c3e-5a1f0b2c7d44","actor_id":"5f0c3a52-2f1e-4f5e-9a58-0d6c1f2b7a90","data":{"from":"qualification","to":"negotiation"}}

: hb

`;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** Full paths, with and without the API's prefix, because the global prefix is not added to them. */
@ApiTags('streams')
@Controller(['streams', 'streams/deals', `${API_PREFIX}/streams/deals`])
export class StreamsController {
  constructor(private readonly streams: OpenStreams) {}

  /**
   * Answers with a stream that lasts until the client disconnects or its token expires.
   * @throws DomainError `forbidden`, `too_many_streams`.
   */
  @Get()
  @AcceptsTokenInQuery()
  @ApiOperation({
    summary: 'Events as they happen (server-sent events)',
    description:
      'Every event in your scope, as `id` (its position in the log), `event` (its routing key) and one line of JSON. ' +
      'With the last id received the stream resumes right after it; an id that is unknown, in the future or too old is ' +
      'answered by one `reset` event, after which the client must read its data again. A client that doesn’t read is ' +
      'disconnected and resumes by its last id. The stream ends when the access token expires.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Go on after this event.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({
    description: 'The stream.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @Problems({ 429: ['too_many_streams'] })
  stream(
    @CurrentCaller() caller: Caller,
    @TokenExpiry() expiresAt: number,
    @Query() query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    const viewer = viewerOf(caller);
    this.streams.refuseTooMany(viewer);
    reply.headers(HEADERS);
    if (reply.raw.req.method === 'HEAD') return void reply.send();
    reply.hijack();
    this.streams.open(reply.raw, reply.getHeaders() as OutgoingHttpHeaders, {
      viewer,
      filter: filterOf(query),
      // A client that has received no event sends an empty id.
      lastEventId: lastEventId || query.last_event_id || undefined,
      expiresAt,
    });
  }
}
