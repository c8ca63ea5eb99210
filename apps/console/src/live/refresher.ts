/** Between two readings, so that a busy log doesn't become busy reading. */
const SHORTEST_GAP_MS = 700;
/** Lets events that belong together be answered by one reading. */
const GATHER_MS = 120;
/** Part of a wait by which it may be longer, so that pages which heard the same event don't all ask at once. */
const SPREAD = 0.3;

/** Reads anew when asked: one reading at a time, the last asking is always answered by a reading that began after it. */
export class Refresher {
  private timer: number | undefined;
  private isRunning = false;
  private isWanted = false;
  private isStopped = false;
  private lastEnd = 0;

  /**
   * @param read says in how many milliseconds, and no sooner, to read again; undefined: when asked.
   * @param gapMs shortest time between two readings.
   */
  constructor(
    private readonly read: () => Promise<number | undefined>,
    private readonly gapMs = SHORTEST_GAP_MS,
  ) {}

  /**
   * Asks for a reading soon.
   * @param isOutageOver what a failed reading was told to wait no longer counts.
   */
  ask(isOutageOver = false): void {
    if (isOutageOver) this.forgetTimer();
    if (this.isRunning) this.isWanted = true;
    else if (this.timer === undefined)
      this.runIn(Math.max(GATHER_MS, this.lastEnd + this.gapMs - Date.now()), this.gapMs);
  }

  /** Reads at once. */
  async run(): Promise<void> {
    this.forgetTimer();
    this.isRunning = true;
    const again = await this.read();
    this.isRunning = false;
    this.lastEnd = Date.now();
    const isWanted = this.isWanted;
    this.isWanted = false;
    if (this.isStopped) return;
    if (again !== undefined) this.runIn(again, again);
    else if (isWanted) this.ask();
  }

  stop(): void {
    this.isStopped = true;
    this.forgetTimer();
  }

  private runIn(waitMs: number, spreadMs: number): void {
    this.timer = setTimeout(() => void this.run(), waitMs + Math.random() * SPREAD * spreadMs);
  }

  private forgetTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
