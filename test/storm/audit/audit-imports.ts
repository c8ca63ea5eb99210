import type { TestDatabase } from '#platform/testing';
import type { SentImport } from '../load/imports.js';
import type { Findings } from './findings.js';

/** Acknowledged imports that did not create each row of their file; the audit of row tags finds rows created twice. */
export async function auditImports(database: TestDatabase, sent: readonly SentImport[]): Promise<Findings> {
  const runs = await database.rows<{ id: string; state: string; created: number }>(
    'SELECT id, state, created FROM crm.import_runs',
  );
  const known = new Map(runs.map((run) => [run.id, run]));
  const incomplete = sent.filter(({ id, rowTags }) => {
    const run = known.get(id);
    return run?.state !== 'done' || run.created !== rowTags.length;
  });
  return {
    'imports that are incomplete': incomplete.map(({ id, kind }) => `${kind} ${id}: ${JSON.stringify(known.get(id))}`),
  };
}
