/** The columns of a file of policies, in the order in which an export writes them. */
export const POLICY_FILE_COLUMNS = [
  'id',
  'client_id',
  'deal_id',
  'insurance_company',
  'policy_number',
  'premium',
  'currency',
  'effective_from',
  'effective_to',
  'owner_id',
  'status',
  'close_reason',
] as const;
