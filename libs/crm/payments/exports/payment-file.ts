/** What an import takes of a payment. */
const TAKEN = [
  'id',
  'deal_id',
  'policy_id',
  'planned_date',
  'planned_amount',
  'currency',
  'actual_date',
  'comment',
] as const;

/** What follows from lines and acts: an export shows it, an import passes it over. */
export const SHOWN_ONLY = ['sequence', 'status', 'incomes_total', 'expenses_total', 'net_total'] as const;

/** The columns of a file of payments, in the order in which an export writes them. */
export const PAYMENT_FILE_COLUMNS = [...TAKEN, ...SHOWN_ONLY] as const;
