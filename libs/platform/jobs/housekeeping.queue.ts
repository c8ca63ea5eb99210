/** The Bull queue of what keeps the platform's own tables small. */
export const HOUSEKEEPING = 'housekeeping';
