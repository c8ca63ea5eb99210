import { Injectable } from '@nestjs/common';
import { Clock, type Instant } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { DuplicateRule, ImportKind } from './contracts.js';
import type { ImportMode, ImportState, ShownImportState } from './import-state.js';
import { importNotFound } from './import.errors.js';

/** An import as its events show it. */
export interface ImportView {
  readonly id: string;
  readonly kind: ImportKind;
  readonly state: ImportState;
  readonly mode: ImportMode;
  readonly duplicates: DuplicateRule;
  readonly dry_run: boolean;
  /** Rows of the file. */
  readonly rows: number;
  /** Rows gone through in the present phase, or in the last one. */
  readonly rows_done: number;
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  /** In the present phase, or in the last one; null before the first. */
  readonly rows_per_second: number | null;
  readonly created_by_id: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly finished_at: Instant | null;
}

/** An import as the REST API shows it. */
export interface ShownImport extends Omit<ImportView, 'state'> {
  readonly state: ShownImportState;
}

const GET = statement(`
  SELECT id, kind, state, mode, duplicates, dry_run, rows, rows_done, created, updated, skipped, failed,
    CASE WHEN phase_started_at IS NOT NULL THEN floor(rows_done / greatest(0.001,
      extract(epoch FROM coalesce(finished_at, $2::timestamptz) - phase_started_at)))::int END AS rows_per_second,
    created_by_id, created_at, updated_at, finished_at
  FROM crm.import_runs WHERE id = $1::uuid`);

/** Reads imports as they are shown. */
@Injectable()
export class ImportViews {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `import_not_found`. */
  async get(id: string): Promise<ImportView> {
    const view = await this.database.first<ImportView>(GET, [id, this.clock.now()]);
    if (!view) throw importNotFound();
    return view;
  }
}
