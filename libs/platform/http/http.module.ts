import { Module } from '@nestjs/common';
import { CsvExports } from './csv-export.js';
import { IdempotencyKeys } from './idempotency-keys.js';

/** What the HTTP layer keeps in the database, and the files it sends; `configureHttp` puts the rest on the application. */
@Module({ providers: [CsvExports, IdempotencyKeys], exports: [CsvExports, IdempotencyKeys] })
export class HttpModule {}
