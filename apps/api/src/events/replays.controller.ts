import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, requireAccess } from '#platform/auth';
import { Idempotent, Problems, UuidParam } from '#platform/http';
import { JobRequests } from '#platform/jobs';
import type { Caller } from '#platform/kernel';
import { BrokerQueues, EVENT_REPLAYS, EventReplays, type Replay } from '#platform/messaging';
import { UnitOfWork } from '#platform/persistence';
import { patternsOf } from '../streams/selection/event-selection.js';
import { ReplayDto, ReplayResource } from './replay.dto.js';

const ACCEPTED = 202;

@ApiTags('events')
@Controller('events/replays')
export class ReplaysController {
  constructor(
    private readonly replays: EventReplays,
    private readonly queues: BrokerQueues,
    private readonly jobs: JobRequests,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @Post()
  @Idempotent()
  @HttpCode(ACCEPTED)
  @ApiOperation({
    summary: 'Send a part of the log once more, to one queue; admins',
    description:
      'The worker sends it straight to the queue: the same envelopes and ids with the header `replayed: true`, each ' +
      'stream in its order. A consumer recognises events it has processed by their id.',
  })
  @ApiAcceptedResponse({ type: ReplayResource })
  @Problems({
    404: ['queue_not_found'],
    409: ['broker_not_configured', 'position_in_future'],
    410: ['position_gone'],
    422: ['not_a_position', 'nothing_to_replay'],
    503: ['broker_unavailable'],
  })
  async start(@CurrentCaller() caller: Caller, @Body() { queue, from, to, types }: ReplayDto): Promise<Replay> {
    requireAccess(caller, 'events', 'replay');
    const range = await this.replays.range(from, to);
    await this.queues.require(queue);
    return this.unitOfWork.run(async () => {
      const replay = await this.replays.add(queue, range, patternsOf(types), caller.userId);
      const { id } = replay;
      await this.jobs.request({ queue: EVENT_REPLAYS, name: 'replay', key: id, payload: { replay_id: id } });
      return replay;
    });
  }

  @Get(':id')
  @ApiOperation({ summary: 'How far a replay has come' })
  @ApiOkResponse({ type: ReplayResource })
  @Problems({ 404: ['replay_not_found'] })
  async get(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<Replay> {
    requireAccess(caller, 'events', 'replay');
    return this.replays.get(id);
  }
}
