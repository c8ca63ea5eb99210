/** Default gap between two readings, so that a busy log does not cause constant reading. */
const MIN_GAP_MS = 700;
/** Delay that lets one reading answer several related events. */
const GATHER_MS = 120;
/** Random part of a delay, so that pages which receive the same event do not send requests at once. */
const SPREAD = 0.3;

/** Reads on request: one reading at a time, and a reading begins after every last request. */
export class Refresher {
  private timer: number | undefined;
  private isRunning = false;
  private isWanted = false;
  private isStopped = false;
  private lastEnd = 0;

  /**
   * @param read returns the milliseconds after which to read again; undefined to wait for a request.
   * @param gapMs shortest time between two readings.
   */
  constructor(
    private readonly read: () => Promise<number | undefined>,
    private readonly gapMs = MIN_GAP_MS,
  ) {}

  /**
   * Requests a reading soon.
   * @param isOutageOver cancels the delay after a failed reading.
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
