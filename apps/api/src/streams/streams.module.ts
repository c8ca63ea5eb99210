import { Module } from '@nestjs/common';
import { LogTail } from './log-tail.js';
import { OpenStreams } from './open-streams.js';
import { Replay } from './replay.js';
import { StreamMetrics } from './stream-metrics.js';
import { StreamsController } from './streams.controller.js';

/** Events to whoever listens, as they happen; the tail of the log is there for other readers too. */
@Module({
  controllers: [StreamsController],
  providers: [LogTail, Replay, StreamMetrics, OpenStreams],
  exports: [LogTail],
})
export class StreamsModule {}
