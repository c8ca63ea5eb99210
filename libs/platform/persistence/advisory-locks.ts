/**
 * Numbers of PostgreSQL's advisory locks: two kinds of work under one number would exclude each other. For short
 * transactions; leadership, which a frozen process must lose, is a `Lease`.
 */
export const ADVISORY_LOCKS = {
  migration: 7_263_001,
  seed: 7_263_005,
  /** Goes with a second number, the hash of what clients are compared by. */
  clientKeys: 7_263_007,
  /** Shared by whoever adds one client; an import, whose keys are too many to lock each, has it alone. */
  clientImport: 7_263_009,
  phoneKeys: 7_263_021,
} as const;
