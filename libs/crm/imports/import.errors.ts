import { DomainError, type FieldFault } from '#platform/kernel';

export const importNotFound = (): DomainError =>
  new DomainError('not_found', 'import_not_found', 'There is no such import.');

export const emptyFile = (): DomainError =>
  new DomainError(
    'unprocessable',
    'empty_file',
    'The file has no rows: the first line names the columns, rows follow.',
  );

export const tooManyRows = (most: number): DomainError =>
  new DomainError('too_large', 'too_many_rows', `An import takes ${most} rows at the most. Split the file.`);

export const tooManyBlankRows = (max: number): DomainError =>
  new DomainError('too_large', 'too_many_rows', `The file has more than ${max} blank rows. Remove them.`);

export const malformedCsv = (line: number): DomainError =>
  new DomainError(
    'unprocessable',
    'malformed_csv',
    `The file can't be read from line ${line} on: look for a quotation mark that is not closed or not doubled.`,
    { line },
  );

export const rowTooLong = (line: number): DomainError =>
  new DomainError('unprocessable', 'row_too_long', `The row on line ${line} is longer than any row here.`, { line });

export const wrongEncoding = (encoding: string): DomainError =>
  new DomainError(
    'unprocessable',
    'wrong_encoding',
    `The file is not ${encoding} text. A file of Windows-1251 is named so by encoding=windows-1251.`,
  );

export const wrongColumns = (errors: readonly FieldFault[]): DomainError =>
  new DomainError('unprocessable', 'wrong_columns', 'The first line does not name the columns as it should.', {
    errors,
  });

export const duplicateRuleForbidden = (rules: readonly string[]): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: [{ pointer: '?duplicates', code: 'not_one_of', detail: `must be one of ${rules.join(', ')}` }],
  });

export const cellCountDiffers = (): DomainError =>
  new DomainError('invalid', 'wrong_cell_count', 'The row has more or fewer cells than the first line has columns.');
