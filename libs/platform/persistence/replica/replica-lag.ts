/** A position in the WAL of the primary, and when it was read by the clock of this process. */
interface Sample {
  readonly position: bigint;
  readonly takenAtMs: number;
}

/** At one sample a second ten minutes; a longer lag is overestimated. */
const MAX_SAMPLES = 600;

/**
 * Upper bound of a replica's lag: the time since the newest sample of the primary's position that the replica has
 * replayed. An idle primary stays at its position, so it causes no lag. The clocks of the servers are not compared.
 */
export class ReplicaLag {
  private samples: Sample[] = [];
  private newest: Sample | undefined;
  private upToDateAtMs = -Infinity;

  /** Adds the position up to which the primary has flushed its WAL. */
  addPrimary(position: bigint, takenAtMs: number): void {
    // Another server is the primary now, with another history.
    if (this.newest && position < this.newest.position) this.reset();
    this.newest = { position, takenAtMs };
    this.samples.push(this.newest);
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }

  /** Adds the position up to which the replica has replayed the WAL. */
  addReplica(position: bigint): void {
    const next = this.samples.findIndex((sample) => sample.position > position);
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
  atMs(nowMs: number): number {
    return nowMs - this.upToDateAtMs;
  }
}
