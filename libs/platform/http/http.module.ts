import { Module } from '@nestjs/common';
import { CsvExports } from './lists/csv-export.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { Uploads } from './uploads/uploads.js';

const PROVIDERS = [CsvExports, IdempotencyKeys, Uploads];

/** Idempotency keys, and files in both directions; `configureHttp` puts the rest on the application. */
@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class HttpModule {}
