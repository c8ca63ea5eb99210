/** The columns of a file of deals, in the order in which an export writes them. */
export const DEAL_FILE_COLUMNS = [
  'id',
  'client_id',
  'title',
  'description',
  'stage',
  'lost_reason',
  'owner_id',
  'executor_id',
  'next_review_at',
] as const;
