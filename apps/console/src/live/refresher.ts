/** Between two readings, so that a busy log doesn't become busy reading. */
const SHORTEST_GAP_MS = 700;
/** Lets events that belong together be answered by one reading. */
const GATHER_MS = 120;

/** Reads anew when asked: one reading at a time, the last asking is always answered by a reading that began after it. */
export class Refresher {
  private timer: number | undefined;
  private isRunning = false;
  private isWanted = false;
  private isStopped = false;
  private lastEnd = 0;

  constructor(private readonly read: () => Promise<void>) {}

  /** Asks for a reading soon. */
  ask(): void {
    if (this.isRunning) this.isWanted = true;
    else
      this.timer ??= setTimeout(
        () => void this.run(),
        Math.max(GATHER_MS, this.lastEnd + SHORTEST_GAP_MS - Date.now()),
      );
  }

  /** Reads at once. */
  async run(): Promise<void> {
    this.forgetTimer();
    this.isRunning = true;
    await this.read();
    this.isRunning = false;
    this.lastEnd = Date.now();
    if (!this.isWanted || this.isStopped) return;
    this.isWanted = false;
    this.ask();
  }

  stop(): void {
    this.isStopped = true;
    this.forgetTimer();
  }

  private forgetTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
