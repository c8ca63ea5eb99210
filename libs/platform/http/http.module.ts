import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AuthModule, JwtAuthGuard } from '#platform/auth';
import { ResourceHeadersInterceptor } from './headers/resource-headers.interceptor.js';
import { CsvExports } from './lists/csv-export.js';
import { DeclaredInputGuard } from './validation/declared-input.guard.js';
import { UploadInterceptor } from './uploads/file-upload.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ReplayAccess } from './idempotency/replay-access.js';
import { RouteTable } from './server/route-table.js';
import { CallerThrottlerGuard } from './throttling/caller-throttler.guard.js';
import { ThrottlingModule } from './throttling/throttling.module.js';
import { Uploads } from './uploads/uploads.js';
import { RequestValidationPipe } from './validation/request-validation.pipe.js';

/** The limit on the requests of one caller comes first: it counts failed sign-ins too. */
const THROTTLING: Provider = { provide: APP_GUARD, useExisting: CallerThrottlerGuard };

/** The way of a request through NestJS, in its order. `configureHttp` sets up what precedes it. */
const REQUEST: Provider[] = [
  { provide: APP_GUARD, useExisting: JwtAuthGuard },
  { provide: APP_GUARD, useClass: DeclaredInputGuard },
  // A file is received before the transaction of an idempotency key begins, and its digest is part of the fingerprint.
  { provide: APP_INTERCEPTOR, useClass: UploadInterceptor },
  { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  // Inside of idempotency, which stores the headers with the answer.
  { provide: APP_INTERCEPTOR, useClass: ResourceHeadersInterceptor },
  { provide: APP_PIPE, useClass: RequestValidationPipe },
  { provide: APP_FILTER, useExisting: ProblemFilter },
];

/** What a controller may inject. */
const OFFERED: Provider[] = [CsvExports, IdempotencyKeys];

/** Guards, interceptors, the pipe and the filter of every HTTP request of an application. */
@Module({})
export class HttpModule {
  /** @param options.throttling whether the requests of a caller are limited. */
  static forRoot({ throttling }: { readonly throttling: boolean }): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      imports: [AuthModule, ...(throttling ? [ThrottlingModule] : [])],
      providers: [
        ...(throttling ? [THROTTLING] : []),
        ...REQUEST,
        ...OFFERED,
        Uploads,
        ReplayAccess,
        RouteTable,
        ProblemFilter,
      ],
      exports: OFFERED,
    };
  }
}
