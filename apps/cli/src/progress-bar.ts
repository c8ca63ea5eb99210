import { SingleBar } from 'cli-progress';

/** A progress bar per phase, on stderr; silent without a terminal. */
export class ProgressBar {
  private readonly isShown: boolean;
  private bar: SingleBar | undefined;
  private phase = '';

  /** @param isWanted false when the output is for a program. */
  constructor(isWanted = true) {
    this.isShown = isWanted && process.stderr.isTTY;
  }

  show(phase: string, done: number, total: number): void {
    if (!this.isShown) return;
    if (phase !== this.phase) {
      this.end();
      this.bar = new SingleBar({
        format: `${phase.padEnd(9)} {bar} {percentage}% {value}/{total}, {eta_formatted} left`,
        hideCursor: true,
      });
      this.bar.start(total, done);
      this.phase = phase;
    }
    this.bar?.update(done);
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
