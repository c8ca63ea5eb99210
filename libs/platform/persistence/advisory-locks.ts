/**
 * Numbers of PostgreSQL's advisory locks, one for each kind of work. The locks end with their transaction or session.
 * For leadership use a `Lease`: a frozen process loses it.
 */
export const ADVISORY_LOCKS = {
  migration: 7_263_001,
  seed: 7_263_005,
  /** Used with a second number, the hash of a client's key. */
  clientKeys: 7_263_007,
  /** Shared lock of commands that add one client; exclusive lock of an import, which has too many keys to lock each. */
  clientImport: 7_263_009,
  /** Serialises the merges of clients. */
  clientMerge: 7_263_011,
  /** Session lock for a whole backfill; other workers poll it. */
  phoneKeys: 7_263_021,
} as const;
