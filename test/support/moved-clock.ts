import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Instant } from '#platform/kernel';

/** The time that programs started with its {@link environment} go by. */
export class MovedClock {
  private readonly folder = mkdtempSync(join(tmpdir(), 'crm-clock-'));
  private readonly file = join(this.folder, 'offset');

  constructor(at: Instant) {
    this.set(at);
  }

  /** For a program run as in production. */
  get environment(): Readonly<Record<string, string>> {
    const preload = pathToFileURL(join(__dirname, 'program-clock.mjs')).href;
    return { TEST_CLOCK_FILE: this.file, NODE_OPTIONS: `--import ${preload}` };
  }

  /** It is `at` now, for every such program, and goes on from there. */
  set(at: Instant): void {
    const next = `${this.file}.next`;
    writeFileSync(next, String(Date.parse(at) - Date.now()));
    // Whole or not at all for those who read it meanwhile.
    renameSync(next, this.file);
  }

  discard(): void {
    rmSync(this.folder, { recursive: true });
  }
}
