import { pipeline, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse, type Parser } from 'csv-parse';
import { malformedCsv, rowTooLong, tooManyBlankRows, wrongEncoding } from './import.errors.js';

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
/** Maximum bytes of a row in UTF-8, with delimiters and quotes: far more than all our fields at maximum length. */
const MAX_ROW_BYTES = 262_144;
/** The maximum number of rows of a spreadsheet. */
const MAX_BLANK_ROWS = 1_048_576;
/** Bytes parsed in one turn of the event loop. Small, because one byte may be one row. */
const SLICE_BYTES = 512;
const UNDECODABLE = 'ERR_ENCODING_INVALID_ENCODED_DATA';
const LINE_BREAK = /\r\n|\r|\n/g;
const FIRST_LINE_END = /[\r\n]/;
const QUOTED = /"[^"]*"/g;
/** What spreadsheets write where there is nothing. */
const BLANK = /^[\s,;]*$/;
const NOT_BLANK = /[^\s,;]/;
/** Names the delimiter to Excel, in a line before the column names. */
const SEPARATOR_LINE = /^"?sep=([^\w\s"]|\t)"?[,;\t]*(?:\r\n|\r|\n|$)/i;

/**
 * Yields the rows of a CSV file while it is read, without blank ones; memory is bounded by one chunk and one row. The
 * delimiter is named by a first line `sep=`, or is the one of comma, semicolon and tab that is most frequent in the first
 * line that is not blank.
 * @throws DomainError 422 `wrong_encoding`, `malformed_csv`, `row_too_long`; 413 `too_many_rows` for too many blank rows.
 */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Encoding,
  maxBlankRows = MAX_BLANK_ROWS,
): AsyncGenerator<CsvRow> {
  const texts = decoded(bytes, encoding);
  const start = await beginning(texts);
  const separator = SEPARATOR_LINE.exec(start);
  const records = new Records(separator ? 2 : 1, maxBlankRows);
  const parser: Parser = parse({
    delimiter: separator?.[1] ?? delimiterOf(start),
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
    on_record: (cells: string[]) => {
      // csv-parse builds an error with a stack for each record of another width than the first. With `records` at zero
      // every record counts as the first, so that none is built.
      (parser.info as { records: number }).records = 0;
      // The types do not allow a record of another shape.
      return records.take(cells, parser.info.bytes) as unknown as string[] | null;
    },
  });
  const text = startingWith(start.slice(separator?.[0].length ?? 0), texts);
  // An error of the text ends the rows too.
  pipeline(Readable.from(sliced(text, () => records.requireBounded(parser.info.bytes))), parser, () => undefined);
  try {
    for await (const row of parser as AsyncIterable<CsvRow>) {
      records.requireBounded(0);
      yield row;
    }
    records.requireBounded(0);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw error.code === 'CSV_MAX_RECORD_SIZE' ? rowTooLong(records.line) : malformedCsv(records.line);
  }
}

/** Numbers the records of one file and bounds the work that they cause. */
class Records {
  private blankRows = 0;
  /** Offset of the record that is being parsed, in bytes. */
  private start = 0;
  private tooLongLine: number | undefined;

  /** @param line line on which the next record begins. */
  constructor(
    public line: number,
    private readonly maxBlankRows: number,
  ) {}

  /**
   * @param end offset behind the record, in bytes.
   * @returns null for a blank one.
   */
  take(cells: readonly string[], end: number): CsvRow | null {
    const row = { line: this.line, cells };
    if (end - this.start > MAX_ROW_BYTES) this.tooLongLine ??= this.line;
    this.start = end;
    this.line += 1 + breaksIn(cells);
    if (!cells.every(isBlank)) return row;
    this.blankRows++;
    return null;
  }

  /**
   * @param parsed offset behind the last parsed cell, in bytes.
   * @throws DomainError 422 `row_too_long`, 413 `too_many_rows`.
   */
  requireBounded(parsed: number): void {
    if (this.tooLongLine === undefined && parsed - this.start > MAX_ROW_BYTES) this.tooLongLine = this.line;
    if (this.tooLongLine !== undefined) throw rowTooLong(this.tooLongLine);
    if (this.blankRows > this.maxBlankRows) throw tooManyBlankRows(this.maxBlankRows);
  }
}

/** Whether a cell has no content; the delimiters of another kind of file count as none. */
export function isBlank(cell: string): boolean {
  return cell === '' || BLANK.test(cell);
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

/** Text up to the end of the first line that isn't blank, and what came with it. */
async function beginning(texts: AsyncGenerator<string>): Promise<string> {
  let start = '';
  while (firstLine(start) === undefined && start.length <= MAX_ROW_BYTES) {
    const next = await texts.next();
    if (next.done) break;
    start += next.value;
  }
  return start;
}

/** The first line that isn't blank; undefined until it is complete. */
function firstLine(text: string): string | undefined {
  const content = text.slice(text.search(NOT_BLANK));
  const end = content.search(FIRST_LINE_END);
  return NOT_BLANK.test(text) && end !== -1 ? content.slice(0, end) : undefined;
}

async function* startingWith(start: string, texts: AsyncGenerator<string>): AsyncGenerator<string> {
  yield start;
  yield* texts;
}

/** Yields the text as bytes, one slice per turn of the event loop. @param requireBounded throws to end the file. */
async function* sliced(texts: AsyncIterable<string>, requireBounded: () => void): AsyncGenerator<Buffer> {
  for await (const text of texts) {
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
      await nextTurn();
      requireBounded();
      yield bytes.subarray(from, from + SLICE_BYTES);
    }
  }
}

function delimiterOf(start: string): string {
  const header = (firstLine(start) ?? start).replace(QUOTED, '');
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
