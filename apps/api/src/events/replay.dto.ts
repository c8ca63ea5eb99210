import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '#platform/http';
import type { Replay } from '#platform/messaging';
import { PatternsField } from '../streams/selection/event-selection.js';

const MAX_TIME_LENGTH = 40;
/** AMQP's own limit, in bytes; names are mostly ASCII. */
const MAX_QUEUE_NAME_LENGTH = 255;

/** Body of a request to replay a part of the log to one queue. */
export class ReplayDto {
  @TextField({ min: 1, max: MAX_QUEUE_NAME_LENGTH, description: 'The consumer’s own queue; no other gets anything.' })
  queue!: string;

  @TextField({
    min: 1,
    max: MAX_TIME_LENGTH,
    description: 'The first position, or the time from which on no event may be left out (RFC 3339).',
    example: '2026-11-23T07:00:00Z',
  })
  from!: string;

  @TextField({
    min: 1,
    max: MAX_TIME_LENGTH,
    optional: true,
    description: 'The last position, or the time up to which; the last event there is now unless given.',
  })
  to?: string;

  @PatternsField({
    each: true,
    maxItems: 50,
    optional: true,
    description: 'Only events of these types, as in the feed.',
  })
  types?: string[];
}

/** View of a replay. */
export class ReplayResource implements Replay {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'reports.events' })
  queue!: string;

  @ApiProperty({ type: [String] })
  types!: string[];

  @ApiProperty({ example: '4711' })
  from_position!: string;

  @ApiProperty({ example: '9000' })
  to_position!: string;

  @ApiProperty({ description: 'Everything up to here has been processed.', example: '5210' })
  position!: string;

  @ApiProperty({ type: 'integer', description: 'Events that the broker confirmed.' })
  published!: number;

  @ApiProperty({ enum: ['pending', 'running', 'done', 'failed'] })
  state!: Replay['state'];

  @ApiProperty({ type: 'string', nullable: true, example: 'queue_not_found' })
  error!: string | null;

  @ApiProperty({ format: 'uuid' })
  requested_by_id!: string;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  finished_at!: string | null;
}
