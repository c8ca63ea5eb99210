import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Instant } from '#platform/kernel';

/** Clock of the programs that are started with its {@link environment}. */
export class MovedClock {
  private readonly folder = mkdtempSync(join(tmpdir(), 'crm-clock-'));
  private readonly file = join(this.folder, 'offset');

  /** @param preload `program-clock.mjs` moves the business clock, `process-clock.mjs` every date of the process. */
  constructor(
    at: Instant,
    private readonly preload: 'program-clock.mjs' | 'process-clock.mjs' = 'program-clock.mjs',
  ) {
    this.set(at);
  }

  /** Environment for a program that runs as in production. */
  get environment(): Readonly<Record<string, string>> {
    const preload = pathToFileURL(join(__dirname, this.preload)).href;
    return { TEST_CLOCK_FILE: this.file, NODE_OPTIONS: `--import ${preload}` };
  }

  /** Sets the clock of every such program to `at`, from where it continues. */
  set(at: Instant): void {
    const next = `${this.file}.next`;
    writeFileSync(next, String(Date.parse(at) - Date.now()));
    // Renaming is atomic for concurrent readers.
    renameSync(next, this.file);
  }

  discard(): void {
    rmSync(this.folder, { recursive: true });
  }
}
