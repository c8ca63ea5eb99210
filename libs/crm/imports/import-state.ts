/** Whether bad rows prevent the import of the good ones. */
export const IMPORT_MODES = ['all_or_nothing', 'good_rows'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** Where an import stands: the file is checked, applied, and then it is done, or refused with nothing changed. */
export const IMPORT_STATES = ['queued', 'checking', 'applying', 'done', 'refused'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** And `failed`: its job gave up for a reason that is not in the file. Never stored: it may be tried again. */
export const SHOWN_IMPORT_STATES = [...IMPORT_STATES, 'failed'] as const;
export type ShownImportState = (typeof SHOWN_IMPORT_STATES)[number];

/** Whether nothing comes after it. */
export function isFinal(state: ImportState): boolean {
  return state === 'done' || state === 'refused';
}
