import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { ListOrder, Page, PageRequest } from '#platform/kernel';
import { decodeCursor, encodeCursor } from './cursor.js';
import { BooleanField, IntegerField, TextField } from '../validation/fields.js';

const DEFAULT_LIMIT = 50;
const GREATEST_LIMIT = 200;

/** Query parameters of every list; a list adds its filters in a subclass. */
export class ListQuery {
  @IntegerField({
    min: 1,
    max: GREATEST_LIMIT,
    optional: true,
    description: `Items at the most; ${DEFAULT_LIMIT} unless given.`,
  })
  limit: number = DEFAULT_LIMIT;

  @TextField({ max: 4_096, optional: true, description: '`next_cursor` of the page before.' })
  cursor?: string;

  @BooleanField({ optional: true, description: 'Whether to count all matching items, which costs a second query.' })
  include_total: boolean = false;
}

/**
 * Converts a query to the requested page of a list.
 * @throws DomainError 422 `invalid_cursor`.
 */
export function pageRequest(query: ListQuery, order: ListOrder): PageRequest {
  return {
    limit: query.limit,
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
