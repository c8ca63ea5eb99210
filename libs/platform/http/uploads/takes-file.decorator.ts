import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { FILE_FIELD } from './arriving-file.js';
import { UploadInterceptor } from './file-upload.js';

/**
 * A route whose body is one CSV file. {@link UploadInterceptor} receives the file after the guards and before anything
 * that opens a transaction; the handler gets it by `uploadedFile`. Guard the route: the file of every request that passes
 * the guards is stored.
 */
export function TakesFile(): MethodDecorator {
  return applyDecorators(
    RouteConfig({ takesFile: true }),
    // Before the transaction of an idempotency key begins; the digest of the file is part of the request's fingerprint.
    UseInterceptors(UploadInterceptor),
    Idempotent(),
    ApiConsumes('multipart/form-data', 'text/csv'),
    ApiBody({
      schema: {
        type: 'object',
        required: [FILE_FIELD],
        properties: { [FILE_FIELD]: { type: 'string', format: 'binary' } },
      },
    }),
  );
}
