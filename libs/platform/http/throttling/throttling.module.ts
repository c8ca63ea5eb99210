import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { AuthModule } from '#platform/auth';
import { HttpSettings } from '#platform/config';
import { CallerThrottlerGuard } from './caller-throttler.guard.js';
import { RequestCounter } from './request-counter.js';
import { SharedCounts } from './shared-counts.js';

const MINUTE_MS = 60_000;

@Module({ providers: [RequestCounter, SharedCounts], exports: [RequestCounter] })
class RequestCountModule {}

/** The limit on the requests of one caller: `{ provide: APP_GUARD, useExisting: CallerThrottlerGuard }`. */
@Module({
  imports: [
    AuthModule,
    ThrottlerModule.forRootAsync({
      imports: [RequestCountModule],
      inject: [HttpSettings, RequestCounter],
      useFactory: ({ requestsPerMinute }: HttpSettings, storage: RequestCounter) => ({
        storage,
        throttlers: [{ limit: requestsPerMinute, ttl: MINUTE_MS }],
        skipIf: () => requestsPerMinute === 0,
      }),
    }),
  ],
  providers: [CallerThrottlerGuard],
  exports: [CallerThrottlerGuard],
})
export class ThrottlingModule {}
