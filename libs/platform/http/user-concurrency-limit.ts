/** Limits how many operations of a kind (uploads, exports, long polls) one user runs at a time. */
export class UserConcurrencyLimit {
  private readonly running = new Map<string, number>();

  /** @param limit concurrent operations of one user. */
  constructor(private readonly limit: number) {}

  /** Counts an operation that begins; false, without counting it, when the user has reached the limit. */
  tryAcquire(userId: string): boolean {
    const count = this.running.get(userId) ?? 0;
    if (count >= this.limit) return false;
    this.running.set(userId, count + 1);
    return true;
  }

  /** Counts the end of an operation that {@link tryAcquire} has counted. */
  release(userId: string): void {
    const count = this.running.get(userId) ?? 0;
    if (count > 1) this.running.set(userId, count - 1);
    else this.running.delete(userId);
  }
}
