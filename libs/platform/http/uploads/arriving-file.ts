import type { Readable } from 'node:stream';
import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#platform/kernel';
import { charsetsOf } from '../server/media-types.js';
import type { ArrivalWatch } from './arrival-watch.js';
import { type Spool, SpooledFile } from './spooled-file.js';

/** The form field that holds the file. */
export const FILE_FIELD = 'file';
/** One file and a few fields beside it; more parts are refused, because they only cost parsing. */
const FORM_LIMITS = { files: 1, fields: 20, parts: 21, fieldSize: 1_024, headerPairs: 20, fileSize: Infinity };

/**
 * A spooled file and its charset, as the content type of the request names it, in lower case. The form parser does not
 * expose the charset of a part.
 */
export interface ReceivedFile {
  readonly file: SpooledFile;
  readonly charset: string | undefined;
}

/**
 * Spools the file of a request: its `text/csv` body, or the field `file` of its form.
 * @throws DomainError 400 `malformed_multipart`, `upload_interrupted`, 408 `upload_too_slow`, 413 `file_too_large`, 422
 *   `file_required`.
 */
export async function receiveFile(request: FastifyRequest, spool: Spool, watch: ArrivalWatch): Promise<ReceivedFile> {
  try {
    if (request.isMultipart()) return await receiveForm(request, spool, watch);
    const file = await SpooledFile.from(arriving(request.raw, watch, uploadInterrupted), spool);
    return { file, charset: charsetsOf(request.headers['content-type']!)[0] };
  } finally {
    // The server discards the rest: a destroyed request could not be answered.
    request.raw.unpipe().resume();
    watch.stop();
  }
}

/** Reads the form to its end, because a part after the file may be truncated. */
async function receiveForm(request: FastifyRequest, spool: Spool, watch: ArrivalWatch): Promise<ReceivedFile> {
  const parts = request.parts({ limits: FORM_LIMITS });
  let received: ReceivedFile | undefined;
  try {
    for (let part = await nextPart(parts, watch); part; part = await nextPart(parts, watch)) {
      if (part.type !== 'file') continue;
      if (part.fieldname !== FILE_FIELD) throw fileRequired();
      const file = await SpooledFile.from(arriving(part.file, watch, malformedForm), spool);
      received = { file, charset: undefined };
    }
    if (!received) throw fileRequired();
    return received;
  } catch (error) {
    await received?.file.close();
    throw error;
  }
}

async function nextPart(parts: AsyncIterator<Multipart>, watch: ArrivalWatch): Promise<Multipart | undefined> {
  const next = await watch.inTime(parts.next().catch(malformedForm));
  return next.done ? undefined : next.value;
}

/** Yields the chunks of `source` as they arrive; an error of `source` is refused by `refuse`. */
async function* arriving(source: Readable, watch: ArrivalWatch, refuse: () => never): AsyncGenerator<Buffer> {
  const chunks = source.iterator({ destroyOnReturn: false }) as AsyncGenerator<Buffer, void>;
  try {
    for (;;) {
      const next = await watch.inTime(chunks.next().catch(refuse));
      if (next.done) return;
      watch.count(next.value.length);
      yield next.value;
    }
  } finally {
    // `return` would wait for a source that has stopped.
    if (!watch.isRefused) await chunks.return(undefined);
  }
}

function malformedForm(): never {
  const message = `The form can not be read: send one file in the field \`${FILE_FIELD}\`.`;
  throw new DomainError('invalid', 'malformed_multipart', message);
}

function uploadInterrupted(): never {
  throw new DomainError('invalid', 'upload_interrupted', 'The connection ended before the file did. Send it again.');
}

function fileRequired(): DomainError {
  const message = `The form has no file: send it in the field \`${FILE_FIELD}\`.`;
  return new DomainError('unprocessable', 'file_required', message);
}
