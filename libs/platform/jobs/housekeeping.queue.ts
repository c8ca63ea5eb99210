/** The Bull queue of the jobs that purge the platform's own tables. */
export const HOUSEKEEPING = 'housekeeping';
