/** Limits how many operations of a kind (uploads, exports, long polls) one user runs at a time. */
export class UserShares {
  private readonly open = new Map<string, number>();

  /** @param limit concurrent operations of one user. */
  constructor(private readonly limit: number) {}

  /** Reserves an operation; false when the user has reached the limit. */
  take(userId: string): boolean {
    const count = this.open.get(userId) ?? 0;
    if (count >= this.limit) return false;
    this.open.set(userId, count + 1);
    return true;
  }

  /** Ends an operation that {@link take} reserved. */
  release(userId: string): void {
    const count = this.open.get(userId) ?? 0;
    if (count > 1) this.open.set(userId, count - 1);
    else this.open.delete(userId);
  }
}
