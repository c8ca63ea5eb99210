/** Bull queue of imports; one runs for minutes, so they don't stand in the way of other work. */
export const IMPORTS = 'imports';
export const RUN_IMPORT = 'run-import';
