import { Module } from '@nestjs/common';
import { AuthModule } from '#platform/auth';
import { CallerLimitGuard } from './caller-limit.guard.js';
import { RequestCounter } from './request-counter.js';
import { SharedCounts } from './shared-counts.js';

/** The limit on the requests of one caller: `{ provide: APP_GUARD, useExisting: CallerLimitGuard }`. */
@Module({
  imports: [AuthModule],
  providers: [CallerLimitGuard, RequestCounter, SharedCounts],
  exports: [CallerLimitGuard],
})
export class ThrottlingModule {}
