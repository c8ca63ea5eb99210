import { Module } from '@nestjs/common';
import { BrokerQueues } from '#platform/messaging';
import { StreamsModule } from '../streams/streams.module.js';
import { BookmarksController } from './bookmarks.controller.js';
import { EventFeed, FeedTrust } from './event-feed.js';
import { EventsController } from './events.controller.js';
import { ReplaysController } from './replays.controller.js';

/** The event log for pull consumers, their bookmarks, and replays. */
@Module({
  imports: [StreamsModule],
  controllers: [BookmarksController, ReplaysController, EventsController],
  providers: [EventFeed, FeedTrust, BrokerQueues],
})
export class EventsModule {}
