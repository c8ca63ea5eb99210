const QUIET_MS = 60_000;

/** Lets one complaint of a kind through a minute: a server that is away says so at every attempt. */
export class Throttle {
  private readonly last = new Map<string, number>();

  allows(kind: string): boolean {
    const now = performance.now();
    const last = this.last.get(kind);
    if (last !== undefined && now - last < QUIET_MS) return false;
    this.last.set(kind, now);
    return true;
  }
}
