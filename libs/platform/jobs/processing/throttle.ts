const QUIET_MS = 60_000;

/** Allows one log line of a kind per minute, because an outage fails at every attempt. */
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
