import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, EnumField, IntegerField, ListQuery, SortField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { DUPLICATE_RULES, type DuplicateRule, IMPORT_KINDS, type ImportKind, type RowFault } from './contracts.js';
import { type Encoding, ENCODINGS } from './csv-rows.js';
import { IMPORT_MODES, type ImportMode, SHOWN_IMPORT_STATES, type ShownImportState } from './import-state.js';
import type { ShownImport } from './import-views.js';
import { IMPORT_ERROR_LIST } from './queries/list-import-errors.query.js';

/** How a file is to be taken. */
export class ImportQuery {
  @BooleanField({ optional: true, description: 'Only check every row; nothing is written.' })
  dry_run: boolean = false;

  @EnumField(IMPORT_MODES, {
    optional: true,
    description:
      '`all_or_nothing` (unless given): every row or none, seen by others all at once. `good_rows`: those without ' +
      'faults, as they come.',
  })
  mode: ImportMode = 'all_or_nothing';

  @EnumField(DUPLICATE_RULES, {
    optional: true,
    description:
      'What becomes of a row that is known already: `refuse` (unless given), `skip`, `update` what is known (empty ' +
      'cells leave it as it is), or for clients `allow`: add another one.',
  })
  duplicates: DuplicateRule = 'refuse';

  @EnumField(ENCODINGS, { optional: true, description: '`utf-8`, with or without a byte order mark, unless given.' })
  encoding?: Encoding;
}

/** Which part of the faults of an import, and in which order. */
export class ListImportErrorsDto extends ListQuery {
  @SortField(IMPORT_ERROR_LIST)
  sort?: string;
}

const COUNT = { min: 0, max: 2_147_483_647, example: 20 } as const;
const TIME = { type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' } as const;

/** An import. */
export class ImportResource implements ShownImport {
  @UuidField()
  readonly id!: string;

  @EnumField(IMPORT_KINDS)
  readonly kind!: ImportKind;

  @EnumField(SHOWN_IMPORT_STATES, {
    description:
      '`refused`: the file has faults and nothing of it was taken. `failed`: the job gave up for another reason; an ' +
      'admin who has it tried again in `/admin/queues` lets it go on where it stopped.',
  })
  readonly state!: ShownImportState;

  @EnumField(IMPORT_MODES)
  readonly mode!: ImportMode;

  @EnumField(DUPLICATE_RULES)
  readonly duplicates!: DuplicateRule;

  @BooleanField()
  readonly dry_run!: boolean;

  @IntegerField({ ...COUNT, description: 'Rows of the file.' })
  readonly rows!: number;

  @IntegerField({ ...COUNT, description: 'Rows gone through in the present phase, or in the last one.' })
  readonly rows_done!: number;

  @IntegerField({ ...COUNT, description: 'While checking: rows that would be.' })
  readonly created!: number;

  @IntegerField(COUNT)
  readonly updated!: number;

  @IntegerField(COUNT)
  readonly skipped!: number;

  @IntegerField({ ...COUNT, description: 'Rows with faults.' })
  readonly failed!: number;

  @IntegerField({ ...COUNT, nullable: true, description: 'In the present phase, or in the last one.' })
  readonly rows_per_second!: number | null;

  @UuidField()
  readonly created_by_id!: string;

  @ApiProperty(TIME)
  readonly created_at!: Instant;

  @ApiProperty(TIME)
  readonly updated_at!: Instant;

  @ApiProperty({ ...TIME, nullable: true })
  readonly finished_at!: Instant | null;
}

const ROW_CODE =
  'The code that the route of the resource answers. About the id of a row: `id_taken`, `record_deleted` (leave the id out ' +
  'to add a new record), `record_merged` (the detail names the survivor).';

/** What is wrong with one row. */
export class RowFaultResource implements RowFault {
  @IntegerField({ min: 1, max: 2_147_483_647, description: 'Line of the file on which the row begins.', example: 7 })
  readonly line!: number;

  @TextField({ max: 64, nullable: true, description: 'Null when it is about the row as a whole.', example: 'title' })
  readonly column!: string | null;

  @TextField({ max: 64, description: ROW_CODE, example: 'too_long' })
  readonly code!: string;

  @TextField({ max: 500, example: 'must be at most 255 characters long' })
  readonly detail!: string;
}
