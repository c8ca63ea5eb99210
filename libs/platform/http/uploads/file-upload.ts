import multipart from '@fastify/multipart';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';
import { DomainError } from '#platform/kernel';
import { type Upload, Uploads } from './uploads.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by `TakesFile`. */
    takesFile?: boolean;
  }
}

const CSV = 'text/csv';
const FILE_TYPES = /^(?:multipart\/form-data|text\/csv)(?:$|\s*;)/i;

const uploads = new WeakMap<FastifyRequest, Upload>();

/** The file of a request; it can be read until the handler has ended. */
export interface RequestFile {
  /** From the beginning, each time it is called. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** As the content type names it, in lower case. */
  readonly charset: string | undefined;
}

/** Receives the file of a request to a route marked with `TakesFile`, and deletes it after the handler. */
@Injectable()
export class UploadInterceptor implements NestInterceptor {
  constructor(private readonly received: Uploads) {}

  /** @throws DomainError 415 `unsupported_media_type`, and as {@link Uploads.receive} does. */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    requireFileType(request);
    const upload = await this.received.receive(request);
    uploads.set(request, upload);
    return next.handle().pipe(finalize(() => void upload.release()));
  }
}

/** Lets routes marked with `TakesFile` take files; everywhere else they are answered 415. */
export function installFileUpload(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && FILE_TYPES.test(type) && !request.routeOptions.config.takesFile) {
      return done(new DomainError('unsupported_media', 'unsupported_media_type', 'This request takes no file.'));
    }
    done();
  });
  fastify.addContentTypeParser(CSV, (_request, _payload, done) => done(null));
  // The hooks delete files of a mode that is not used, and would cost every request of the API 10 µs.
  const withoutHooks = Object.create(fastify, { addHook: { value: () => undefined } }) as FastifyInstance;
  multipart(withoutHooks, { throwFileSizeLimit: false }, () => undefined);
}

/** The file of a request to a route marked with `TakesFile`. */
export function uploadedFile(request: FastifyRequest): RequestFile {
  const { file, charset } = uploadOf(request);
  return { bytes: () => file.bytes(), charset };
}

/** SHA-256 of the file of a request to a route marked with `TakesFile`. */
export function digestOfFile(request: FastifyRequest): Buffer {
  return uploadOf(request).file.digest;
}

function uploadOf(request: FastifyRequest): Upload {
  const upload = uploads.get(request);
  if (!upload) throw new Error('the route is not marked with TakesFile');
  return upload;
}

function requireFileType({ headers }: FastifyRequest): void {
  if (FILE_TYPES.test(headers['content-type'] ?? '')) return;
  const message = 'Send the file as text/csv, or as the field `file` of multipart/form-data.';
  throw new DomainError('unsupported_media', 'unsupported_media_type', message);
}
