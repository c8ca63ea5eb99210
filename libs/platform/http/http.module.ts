import { Module } from '@nestjs/common';
import { IdempotencyKeys } from './idempotency-keys.js';

/** What the HTTP layer keeps in the database; `configureHttp` puts the rest on the application. */
@Module({ providers: [IdempotencyKeys], exports: [IdempotencyKeys] })
export class HttpModule {}
