/** Numbers of PostgreSQL's advisory locks, all in one place: two works under one number would shut each other out. */
export const ADVISORY_LOCKS = {
  migration: 7_263_001,
  sequencer: 7_263_002,
  publisher: 7_263_003,
  localDelivery: 7_263_004,
  seed: 7_263_005,
  reconciler: 7_263_006,
  /** Goes with a second number, the hash of what clients are compared by. */
  clientKeys: 7_263_007,
  /** With a second number for the replay. */
  replay: 7_263_008,
  /** Shared by whoever adds one client; an import, whose keys are too many to lock each, has it alone. */
  clientImport: 7_263_009,
} as const;
