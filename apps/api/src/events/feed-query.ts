import { ApiProperty } from '@nestjs/swagger';
import { IntegerField } from '#platform/http';
import { EventSelection } from '../streams/selection/event-selection.js';
import { BookmarkNameField } from './bookmark.dto.js';
import { PositionField } from './position-field.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const MAX_WAIT_S = 30;

/** Query parameters of the feed. */
export class FeedQuery extends EventSelection {
  @PositionField({
    optional: true,
    description:
      '`next_after` of the previous answer: events after this position. The oldest stored event unless given.',
  })
  after?: string;

  @BookmarkNameField({ optional: true, description: 'Instead of `after`: go on from this bookmark.' })
  bookmark?: string;

  @IntegerField({
    min: 1,
    max: MAX_LIMIT,
    optional: true,
    description: `Events at the most; ${DEFAULT_LIMIT} unless given.`,
  })
  limit: number = DEFAULT_LIMIT;

  @IntegerField({
    min: 0,
    max: MAX_WAIT_S,
    optional: true,
    description: 'Seconds to wait for an event when there is none yet; the answer comes with the first.',
  })
  wait: number = 0;
}

/** View of the answer, which is concatenated from the stored JSON of its events. */
export class FeedResource {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'CloudEvents exactly as they are published, in the order of their positions.',
    example: [
      {
        specversion: '1.0',
        id: '019ab0c4-7d11-7cc2-a0a1-6d5d2c6b3f0e',
        source: '/crm',
        type: 'crm.deal.stage_changed',
        subject: 'deals/019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52',
        time: '2026-11-23T07:22:58.100Z',
        partitionkey: 'deals/019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52',
        streamversion: 3,
        position: '42',
        data: { from: 'qualification', to: 'negotiation' },
      },
    ],
  })
  items!: object[];

  @ApiProperty({
    description:
      'Pass it as `after` to continue. It may be after the last item: the events in between did not match the filters.',
    example: '42',
  })
  next_after!: string;

  @ApiProperty({
    description: 'Whether more events can be read now; an answer without items may still have more after it.',
  })
  has_more!: boolean;
}
