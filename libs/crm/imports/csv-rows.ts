import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { malformedCsv, rowTooLong, wrongEncoding } from './import.errors.js';

/** Encodings a file may be in. */
export const ENCODINGS = ['utf-8', 'windows-1251'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** One row as it stands in the file. */
export interface CsvRow {
  /** Line on which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const DELIMITERS = [',', ';', '\t'] as const;
/** In characters: every field of ours at its longest fits many times. */
const LONGEST_ROW = 262_144;
const UNDECODABLE = 'ERR_ENCODING_INVALID_ENCODED_DATA';
const LINE_BREAK = /\r\n|\r|\n/g;
const FIRST_LINE_END = /[\r\n]/;
const QUOTED = /"[^"]*"/g;

/**
 * The rows of a CSV file as it comes in, empty lines left out; no more of it is held than a row and what came with it.
 * The delimiter is the one of comma, semicolon and tab that the first line has most of.
 * @throws DomainError 422 `wrong_encoding`, `malformed_csv`, `row_too_long`.
 */
export async function* csvRows(bytes: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<CsvRow> {
  const texts = decoded(bytes, encoding);
  const start = await beginning(texts);
  const parser = parse({
    delimiter: delimiterOf(start),
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
  });
  // What breaks off the text breaks off the rows too.
  pipeline(Readable.from(startingWith(start, texts)), parser, () => undefined);
  let line = 1;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      const isEmpty = cells.length === 1 && cells[0] === '';
      if (!isEmpty) yield { line, cells };
      line += 1 + breaksIn(cells);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw error.code === 'CSV_MAX_RECORD_SIZE' ? rowTooLong(line) : malformedCsv(line);
  }
}

async function* decoded(bytes: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const part of bytes) yield decoder.decode(part, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === UNDECODABLE ? wrongEncoding(encoding) : error;
  }
}

/** Text up to the end of the first line, and what came with it. */
async function beginning(texts: AsyncGenerator<string>): Promise<string> {
  let start = '';
  while (!FIRST_LINE_END.test(start) && start.length <= LONGEST_ROW) {
    const next = await texts.next();
    if (next.done) break;
    start += next.value;
  }
  return start;
}

async function* startingWith(start: string, texts: AsyncGenerator<string>): AsyncGenerator<string> {
  yield start;
  yield* texts;
}

function delimiterOf(start: string): string {
  const header = start.split(FIRST_LINE_END, 1)[0]!.replace(QUOTED, '');
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: header.split(delimiter).length }));
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).delimiter;
}

function breaksIn(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) {
    if (FIRST_LINE_END.test(cell)) count += cell.match(LINE_BREAK)?.length ?? 0;
  }
  return count;
}
