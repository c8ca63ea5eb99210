/** Counts what each user has open at a time, so that one user can't take what is there for all. */
export class UserShares {
  private readonly open = new Map<string, number>();

  /** @param limit how much one user may have open at a time. */
  constructor(private readonly limit: number) {}

  /** Takes one; false when the user has as many as one user may have. */
  take(userId: string): boolean {
    const count = this.open.get(userId) ?? 0;
    if (count >= this.limit) return false;
    this.open.set(userId, count + 1);
    return true;
  }

  /** Gives one back that {@link take} gave. */
  release(userId: string): void {
    const count = this.open.get(userId) ?? 0;
    if (count > 1) this.open.set(userId, count - 1);
    else this.open.delete(userId);
  }
}
