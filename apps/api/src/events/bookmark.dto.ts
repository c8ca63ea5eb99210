import { Matches } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, Field, type FieldOptions } from '#platform/http';
import { DomainError } from '#platform/kernel';
import type { Bookmark } from '#platform/messaging';
import { PositionField } from './position-field.js';

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const NAME_DETAIL = 'must be 1 to 100 lower-case letters, digits, dots, dashes or underscores';

/** The name of a bookmark, chosen by its consumer. */
export function BookmarkNameField(options: FieldOptions): PropertyDecorator {
  return Field(
    { type: 'string', pattern: NAME.source, example: 'reports' },
    options,
    Matches(NAME, { message: NAME_DETAIL, context: { code: 'not_a_bookmark_name' } }),
  );
}

/** @throws DomainError 400 `malformed_name`. */
export function requireBookmarkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new DomainError('invalid', 'malformed_name', `A bookmark's name ${NAME_DETAIL}.`);
}

/** Body of a request that moves a bookmark. */
export class SetBookmarkDto {
  @PositionField({ description: 'The last processed position, such as `next_after` of the feed.' })
  position!: string;

  @PositionField({
    optional: true,
    description:
      'The expected position of the bookmark, for clients without `If-Match`; another position is answered 412.',
  })
  expected_position?: string;

  @BooleanField({ optional: true, description: 'Whether it may go back.' })
  move_back: boolean = false;
}

/** View of a bookmark. */
export class BookmarkResource implements Bookmark {
  @ApiProperty({ example: 'reports' })
  name!: string;

  @ApiProperty({ description: 'The last processed position; 0 before the first.', example: '4711' })
  position!: string;

  @ApiProperty({ type: 'integer', description: 'Events after it.' })
  behind!: number;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ format: 'uuid', description: 'Who set it last.' })
  updated_by_id!: string;
}
