import { createHash } from 'node:crypto';
import { DomainError, isCalendarDate, isUuid, type KeyType, type ListOrder } from '#platform/kernel';
import { isStorable } from '../validation/request-members.js';

const CHECKSUM_LENGTH = 8;
const LONGEST = 4_096;
/** As the database layer writes instants: UTC, with three to six digits of a second. */
const INSTANT = /^(?<day>\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,6}Z$/;
const INTEGER = /^(?:0|-?[1-9]\d{0,9})$/;
const INT_LIMIT = 2_147_483_647;

/** Whether PostgreSQL takes a text as a value of the type, and the service could have written it. */
const IS_OF_TYPE: Readonly<Record<KeyType, (text: string) => boolean>> = {
  uuid: isUuid,
  date: isCalendarDate,
  timestamptz: (text) => isCalendarDate(INSTANT.exec(text)?.groups?.day),
  int: (text) => INTEGER.test(text) && Math.abs(Number(text)) <= INT_LIMIT,
  text: isStorable,
};

/** Writes a sort key as the opaque text that a client sends back to get the next page. */
export function encodeCursor(key: readonly string[], { name }: ListOrder): string {
  const text = JSON.stringify(key);
  return Buffer.from(checksumOf(text, name) + text).toString('base64url');
}

/**
 * Reads back what {@link encodeCursor} wrote. The checksum detects damage and is no secret: anyone can write a cursor.
 * So the number and the types of its parts are checked, and a forged one only selects another page of the same list.
 * @throws DomainError 422 `invalid_cursor`.
 */
export function decodeCursor(cursor: string, { name, key }: ListOrder): readonly string[] {
  const content = cursor.length > LONGEST ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  const text = content.slice(CHECKSUM_LENGTH);
  if (content.slice(0, CHECKSUM_LENGTH) !== checksumOf(text, name) || encodedAs(content) !== cursor) throw invalid();
  const parts = partsOf(text);
  const types = Object.values(key);
  if (parts.length !== types.length || !parts.every((part, index) => isOfType(part, types[index]!))) throw invalid();
  return parts as string[];
}

function partsOf(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) ? parts : [];
  } catch {
    throw invalid();
  }
}

function isOfType(part: unknown, type: KeyType): boolean {
  return typeof part === 'string' && IS_OF_TYPE[type](part);
}

function invalid(): DomainError {
  return new DomainError(
    'unprocessable',
    'invalid_cursor',
    'The cursor is not one of this list. Start again without it.',
    { errors: [{ pointer: '?cursor', code: 'invalid_cursor', detail: 'is not a cursor of this list' }] },
  );
}

function encodedAs(content: string): string {
  return Buffer.from(content).toString('base64url');
}

function checksumOf(text: string, name: string): string {
  return createHash('sha256').update(`${name}\n${text}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
