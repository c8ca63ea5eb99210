import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AuthModule, JwtAuthGuard } from '#platform/auth';
import { CsvExports } from './lists/csv-export.js';
import { DeclaredInputGuard } from './validation/declared-input.guard.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ReplayAccess } from './idempotency/replay-access.js';
import { RouteTable } from './server/route-table.js';
import { CallerLimitGuard } from './throttling/caller-limit.guard.js';
import { ThrottlingModule } from './throttling/throttling.module.js';
import { Uploads } from './uploads/uploads.js';
import { RequestValidationPipe } from './validation/request-validation.pipe.js';

/** The limit on the requests of one caller comes first: it counts failed sign-ins too. */
const THROTTLING: Provider = { provide: APP_GUARD, useExisting: CallerLimitGuard };

/**
 * Request lifecycle in NestJS, in its order. `configureHttp` sets up what precedes it. Interceptors belong to routes,
 * by `Idempotent`, `Creates` and `TakesFile`; they run after the guards and before the pipe. Last, `ResourceAdapter`
 * sets `ETag` and `Location` of the answer.
 */
const REQUEST: Provider[] = [
  { provide: APP_GUARD, useExisting: JwtAuthGuard },
  { provide: APP_GUARD, useClass: DeclaredInputGuard },
  { provide: APP_PIPE, useClass: RequestValidationPipe },
  { provide: APP_FILTER, useExisting: ProblemFilter },
];

/** Providers for controllers and route interceptors. */
const EXPORTED: Provider[] = [CsvExports, IdempotencyKeys, ReplayAccess, Uploads];

/** Guards, the pipe and the filter of every HTTP request of an application. */
@Module({})
export class HttpModule {
  /** @param options.throttling whether the requests of a caller are limited. */
  static forRoot({ throttling }: { readonly throttling: boolean }): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      imports: [AuthModule, ...(throttling ? [ThrottlingModule] : [])],
      providers: [...(throttling ? [THROTTLING] : []), ...REQUEST, ...EXPORTED, RouteTable, ProblemFilter],
      exports: EXPORTED,
    };
  }
}
