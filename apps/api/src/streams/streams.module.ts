import { Module } from '@nestjs/common';
import { LogTail } from './delivery/log-tail.js';
import { OpenStreams } from './delivery/open-streams.js';
import { Replay } from './delivery/replay.js';
import { StreamMetrics } from './stream-metrics.js';
import { StreamsController } from './streams.controller.js';

/** Event streams over HTTP; exports the tail of the log for other readers. */
@Module({
  controllers: [StreamsController],
  providers: [LogTail, Replay, StreamMetrics, OpenStreams],
  exports: [LogTail],
})
export class StreamsModule {}
