import { Readable } from 'node:stream';
import { applyDecorators, Injectable } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply } from 'fastify';
import { TransferSettings } from '#platform/config';
import { type Caller, DomainError, guarded } from '#platform/kernel';
import { Problems } from '../documents/problems.decorator.js';
import { onResponseClose } from '../server/response-close.js';
import { UserConcurrencyLimit } from '../user-concurrency-limit.js';

const CSV_TYPE = 'text/csv; charset=utf-8';
/** Byte order mark that declares UTF-8 to spreadsheets; imports skip it. */
const BYTE_ORDER_MARK = '\ufeff';
const LINE_BREAK = /[\r\n]/;

/** What goes out as a file. */
export interface Exported {
  /** Of the file, without ending. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Begun when the first is asked for, ended when no more are; values are text, numbers or null. */
  readonly batches: AsyncIterable<readonly object[]>;
}

/** Describes a route that answers with a CSV file. */
export function AnswersCsv(columns: readonly string[]): MethodDecorator {
  const example = `${columns.join(',')}\r\n`;
  return applyDecorators(
    ApiProduces('text/csv'),
    ApiOkResponse({ description: 'The file.', content: { 'text/csv': { schema: { type: 'string' }, example } } }),
    Problems({ 429: ['too_many_exports'] }),
  );
}

/** Answers with CSV files, as fast as they are read and no faster. */
@Injectable()
export class CsvExports {
  private running = 0;
  private readonly limitPerUser: UserConcurrencyLimit;

  constructor(private readonly settings: TransferSettings) {
    this.limitPerUser = new UserConcurrencyLimit(settings.exportsPerUser);
  }

  /**
   * Answers with the file; a client that goes away, or takes nothing for too long, ends the reading of its rows.
   * @throws DomainError 429 `too_many_exports`.
   */
  send(reply: FastifyReply, caller: Caller, exported: Exported): void {
    this.acquire(caller);
    reply.header('content-type', CSV_TYPE).header('content-disposition', `attachment; filename="${exported.name}.csv"`);
    if (reply.raw.req.method === 'HEAD') {
      this.release(caller);
      return void reply.send();
    }
    const texts = whileTaken(textOf(exported), this.settings.exportStallMs, () => content.destroy());
    const content = Readable.from(texts, { objectMode: true, highWaterMark: 1 });
    content.once('close', () => this.release(caller));
    onResponseClose(reply.raw, () => content.destroy());
    reply.send(content);
  }

  private acquire({ userId }: Caller): void {
    if (this.running >= this.settings.exports) throw tooManyExports('Too many exports are running.');
    if (!this.limitPerUser.tryAcquire(userId)) {
      throw tooManyExports(`You have ${this.settings.exportsPerUser} exports running, the most one user may have.`);
    }
    this.running++;
  }

  private release({ userId }: Caller): void {
    this.running--;
    this.limitPerUser.release(userId);
  }
}

/** Yields each text and gives up when the next one is not requested in time: an unread export occupies a place. */
async function* whileTaken(texts: AsyncIterable<string>, stallMs: number, giveUp: () => void): AsyncGenerator<string> {
  for await (const text of texts) {
    const timer = setTimeout(giveUp, stallMs);
    try {
      yield text;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* textOf({ columns, batches }: Exported): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csv([columns]);
  for await (const rows of batches) {
    yield csv(rows.map((row) => columns.map((column) => cellOf((row as Record<string, unknown>)[column]))));
  }
}

function csv(rows: readonly (readonly unknown[])[]): string {
  return stringify(rows as unknown[][], { record_delimiter: '\r\n', quoted_match: LINE_BREAK });
}

function cellOf(value: unknown): unknown {
  return typeof value === 'string' ? guarded(value) : value;
}

function tooManyExports(fact: string): DomainError {
  return new DomainError('too_many', 'too_many_exports', `${fact} Try again in a moment.`, { retry_after: 5 });
}
