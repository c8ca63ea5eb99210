import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '#platform/kernel';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by {@link TakesFile}. */
    takesFile?: boolean;
  }
}

const MULTIPART = 'multipart/form-data';
const CSV = 'text/csv';
const FILE_TYPES = /^(?:multipart\/form-data|text\/csv)(?:$|\s*;)/i;
const CHARSET = /;\s*charset="?([^";\s]+)/i;
const FIELD = 'file';

/** SHA-256 of each request's file, growing while it is read. */
const hashes = new WeakMap<FastifyRequest, Hash>();

/** A file on its way: read it while the request lasts. */
export interface UploadedFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** As the content type names it. */
  readonly charset: string | undefined;
}

/** A route whose body is one CSV file; {@link uploadedFile} reads it. */
export function TakesFile(): MethodDecorator {
  return applyDecorators(
    RouteConfig({ takesFile: true }),
    ApiConsumes(MULTIPART, CSV),
    ApiBody({
      schema: { type: 'object', required: [FIELD], properties: { [FIELD]: { type: 'string', format: 'binary' } } },
    }),
  );
}

/** Lets routes marked with {@link TakesFile} take files, as streams; everywhere else they are answered 415. */
export function installFileUpload(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && FILE_TYPES.test(type) && !request.routeOptions.config.takesFile) {
      return done(new DomainError('unsupported_media', 'unsupported_media_type', 'This request takes no file.'));
    }
    done();
  });
  fastify.addContentTypeParser(CSV, (_request, _payload, done) => done(null));
  // Its hooks clear away files on disk, of which there are none, and would cost every request of the API 10 µs.
  const withoutHooks = Object.create(fastify, { addHook: { value: () => undefined } }) as FastifyInstance;
  multipart(withoutHooks, { throwFileSizeLimit: false }, () => undefined);
}

/**
 * The file of a request to a route marked with {@link TakesFile}: its `text/csv` body, or the field `file` of a form.
 * @param limitBytes more fails the reading of it.
 * @throws DomainError 415 `unsupported_media_type`, 422 `file_required`; while it is read 413 `file_too_large`, 400
 *   `malformed_multipart`.
 */
export async function uploadedFile(request: FastifyRequest, limitBytes: number): Promise<UploadedFile> {
  const hash = createHash('sha256');
  hashes.set(request, hash);
  const type = request.headers['content-type'] ?? '';
  if (!FILE_TYPES.test(type)) {
    throw new DomainError(
      'unsupported_media',
      'unsupported_media_type',
      'Send the file as text/csv, or as the field `file` of multipart/form-data.',
    );
  }
  if (!request.isMultipart()) {
    return { bytes: limited(request.raw, limitBytes, hash), charset: CHARSET.exec(type)?.[1] };
  }
  const part = await request.file({ limits: { fileSize: Infinity, files: 1 } }).catch(refuseForm);
  if (part?.fieldname !== FIELD) throw fileRequired();
  return { bytes: limited(part.file, limitBytes, hash), charset: CHARSET.exec(part.mimetype)?.[1] };
}

/**
 * SHA-256 of the request's file, as far as it was read; what nobody has asked for is read here, for nothing
 * else, for as long as the server lets a request take.
 * @throws DomainError as {@link uploadedFile} does.
 */
export async function digestOfFile(request: FastifyRequest): Promise<Buffer> {
  if (!hashes.has(request)) {
    const { bytes } = await uploadedFile(request, Infinity);
    for await (const part of bytes) void part;
  }
  return hashes.get(request)!.copy().digest();
}

/** What is not read to its end is left to the server: destroying it would cut the refusal off too. */
async function* limited(source: Readable, limitBytes: number, hash: Hash): AsyncGenerator<Uint8Array> {
  let count = 0;
  try {
    for await (const bytes of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      count += bytes.length;
      if (count > limitBytes) {
        throw new DomainError('too_large', 'file_too_large', `A file may have ${limitBytes} bytes. Split it.`);
      }
      hash.update(bytes);
      yield bytes;
    }
  } finally {
    source.resume();
  }
}

function refuseForm(): never {
  throw new DomainError(
    'invalid',
    'malformed_multipart',
    'The form can not be read: send one file in the field `file`.',
  );
}

function fileRequired(): DomainError {
  return new DomainError('unprocessable', 'file_required', 'The form has no file: send it in the field `file`.');
}
