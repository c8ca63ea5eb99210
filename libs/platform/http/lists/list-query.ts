import { createHash } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import {
  DomainError,
  isCalendarDate,
  isUuid,
  type KeyType,
  type ListColumns,
  listOrder,
  type ListOrder,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import { BooleanField, EnumField, IntegerField, TextField } from '../validation/fields.js';
import { isStorable } from '../validation/request-members.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const MAX_CURSOR_LENGTH = 4_096;

/** Query parameters of every list; a list adds its filters in a subclass. */
export class ListQuery {
  @IntegerField({
    min: 1,
    max: MAX_LIMIT,
    optional: true,
    description: `Items at the most; ${DEFAULT_LIMIT} unless given.`,
  })
  limit: number = DEFAULT_LIMIT;

  @TextField({ max: MAX_CURSOR_LENGTH, optional: true, description: '`next_cursor` of the page before.' })
  cursor?: string;

  @BooleanField({ optional: true, description: 'Whether to count all matching items, which costs a second query.' })
  include_total: boolean = false;
}

/** The query parameter `sort` of a list. */
export function SortField({ sort, sorts }: ListColumns): PropertyDecorator {
  const names = Object.keys(sorts);
  const description = `Key of the order, with \`-\` in front the other way round; ${sort} unless given. Belongs to its cursors.`;
  return EnumField([...names, ...names.map((name) => `-${name}`)], { optional: true, description });
}

/**
 * Converts a query to the requested page of a list.
 * @throws DomainError 422 `invalid_cursor`.
 */
export function pageRequest(query: ListQuery & { readonly sort?: string }, columns: ListColumns): PageRequest {
  const order = listOrder(columns, query.sort);
  return {
    limit: query.limit,
    order,
    includeTotal: query.include_total,
    ...(query.cursor !== undefined && { after: decodeCursor(query.cursor, order) }),
  };
}

/** Response body of a list; the response has `Link: …; rel="next"` if there is a next page. */
export class ListAnswer<T> {
  constructor(
    readonly items: readonly T[],
    /** Goes into `cursor` for the next page; null at the end. */
    readonly next_cursor: string | null,
    /** Present when `include_total=true`. */
    readonly total?: number,
  ) {}
}

/** A list of cached items, which requests share: the JSON of each item is written once. */
export class CachedListAnswer extends ListAnswer<object> {}

/** @param order the order of the list to which the page belongs. */
export function toPage<T extends object>(page: Page<T>, order: ListOrder): ListAnswer<T> {
  const cursor = page.next && encodeCursor(page.next, order);
  if (page.isCached) return new CachedListAnswer(page.items, cursor, page.total) as ListAnswer<T>;
  return new ListAnswer(page.items, cursor, page.total);
}

/** Describes a list of `item` in the OpenAPI document: `@ApiOkResponse({ type: PageOf(DealView) })`. */
export function PageOf(item: Type<object>): Type<object> {
  class PageView {
    @ApiProperty({ type: [item] })
    items!: object[];

    @ApiProperty({
      type: 'string',
      nullable: true,
      description: 'Goes into `cursor` for the next page; null at the end.',
    })
    next_cursor!: string | null;

    @ApiProperty({ type: 'integer', required: false, description: 'How many items match, with `include_total=true`.' })
    total?: number;
  }
  Object.defineProperty(PageView, 'name', { value: `${item.name}Page` });
  return PageView;
}

const CHECKSUM_LENGTH = 8;
/** As the database layer writes instants: UTC, with three to six digits of a second. */
const INSTANT = /^(?<day>\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,6}Z$/;
const INTEGER = /^(?:0|-?[1-9]\d{0,9})$/;
const INT_LIMIT = 2_147_483_647;

const isInstant = (text: string) => isCalendarDate(INSTANT.exec(text)?.groups?.day);

/** Whether PostgreSQL takes a text as a value of the type, and the service could have written it. */
const IS_OF_TYPE: Readonly<Record<KeyType, (text: string) => boolean>> = {
  uuid: isUuid,
  date: isCalendarDate,
  'date?': (text) => text === 'infinity' || isCalendarDate(text),
  timestamptz: isInstant,
  'timestamptz?': (text) => text === 'infinity' || isInstant(text),
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
  const content = cursor.length > MAX_CURSOR_LENGTH ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
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
    'The cursor is not one of this list in this order. Start again without it.',
    { errors: [{ pointer: '?cursor', code: 'invalid_cursor', detail: 'is not a cursor of this list and `sort`' }] },
  );
}

function encodedAs(content: string): string {
  return Buffer.from(content).toString('base64url');
}

function checksumOf(text: string, name: string): string {
  return createHash('sha256').update(`${name}\n${text}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
