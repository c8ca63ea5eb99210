/** A flushed LSN of the primary, and when it was read by the clock of this process. */
interface Sample {
  readonly flushedLsn: bigint;
  readonly takenAtMs: number;
}

/** 600 samples, ten minutes at one per second; a longer lag is overestimated. */
const MAX_SAMPLES = 600;

/**
 * Upper bound of a replica's lag: the time since the newest sample of the primary's LSN that the replica has replayed.
 * The LSN of an idle primary does not change, so it causes no lag. The clocks of the servers are not compared.
 */
export class ReplicaLag {
  private samples: Sample[] = [];
  private newest: Sample | undefined;
  private upToDateAtMs = -Infinity;

  /** Adds the LSN up to which the primary has flushed its WAL. */
  addPrimary(flushedLsn: bigint, takenAtMs: number): void {
    // Another server is the primary now, with another history.
    if (this.newest && flushedLsn < this.newest.flushedLsn) this.reset();
    this.newest = { flushedLsn, takenAtMs };
    this.samples.push(this.newest);
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }

  /** Adds the LSN up to which the replica has replayed the WAL. */
  addReplica(replayedLsn: bigint): void {
    const next = this.samples.findIndex((sample) => sample.flushedLsn > replayedLsn);
    const replayed = this.samples.splice(0, next === -1 ? this.samples.length : next).at(-1);
    if (replayed) this.upToDateAtMs = replayed.takenAtMs;
  }

  /** Makes the lag unknown, which counts as infinite, until the replica has replayed a new sample. */
  reset(): void {
    this.samples = [];
    this.newest = undefined;
    this.upToDateAtMs = -Infinity;
  }

  /** How long ago, at most, the replica was up to date; infinite while unknown. */
  lagMs(nowMs: number): number {
    return nowMs - this.upToDateAtMs;
  }
}
