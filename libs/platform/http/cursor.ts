import { createHash } from 'node:crypto';
import { DomainError } from '#platform/kernel';

const CHECKSUM_LENGTH = 8;
const LONGEST = 4_096;

/**
 * Writes a sort key as the opaque text a client sends back to go on from there.
 * @param kind which list it belongs to, e.g. `deals`; another list refuses it.
 */
export function encodeCursor(key: readonly string[], kind: string): string {
  const text = JSON.stringify(key);
  return Buffer.from(checksumOf(text, kind) + text).toString('base64url');
}

/**
 * Reads back what {@link encodeCursor} wrote. The checksum keeps a damaged key from reaching SQL; it is no secret,
 * since a cursor shows nothing and allows nothing.
 * @throws DomainError 422 `invalid_cursor`.
 */
export function decodeCursor(cursor: string, kind: string): readonly string[] {
  const content = cursor.length > LONGEST ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  const text = content.slice(CHECKSUM_LENGTH);
  if (content.slice(0, CHECKSUM_LENGTH) !== checksumOf(text, kind) || encodedAs(content) !== cursor) {
    throw new DomainError(
      'unprocessable',
      'invalid_cursor',
      'The cursor is not one of this list. Begin anew without it.',
      {
        errors: [{ pointer: '?cursor', code: 'invalid_cursor', detail: 'is not a cursor of this list' }],
      },
    );
  }
  return JSON.parse(text) as string[];
}

function encodedAs(content: string): string {
  return Buffer.from(content).toString('base64url');
}

function checksumOf(text: string, kind: string): string {
  return createHash('sha256').update(`${kind}\n${text}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
