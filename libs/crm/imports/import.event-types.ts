import { OmitType } from '@nestjs/swagger';
import { EnumField, UuidField } from '#platform/http';
import { EventType } from '#platform/messaging';
import { IMPORT_STATES, type ImportState } from './import-state.js';
import { ImportResource } from './import.dto.js';

/** How far an import is: ids and counts, nothing of its rows. */
class ImportProgressed extends OmitType(ImportResource, ['id', 'created_by_id']) {
  @EnumField(IMPORT_STATES, { description: '`refused`: the file has faults and nothing of it was taken.' })
  override readonly state!: ImportState;

  @UuidField()
  readonly import_id!: string;
}

export const IMPORT_PROGRESS = new EventType({
  key: 'import.progress',
  meaning: 'An import has begun a phase, has ended, or has come further; published every two seconds at the most.',
  stream: 'imports/{import_id}',
  followers: 'admins alone',
  data: ImportProgressed,
});

/** Every type of event that imports publish. */
export const IMPORT_EVENT_TYPES = [IMPORT_PROGRESS];
