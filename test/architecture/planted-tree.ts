import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The checkout these tests stand in. */
export const ROOT = join(__dirname, '../..');

/** For a test that waits for a tool: they take seconds, many on a busy machine. */
export const TOOL_TIMEOUT_MS = 300_000;

const CONFIGURATION = [
  'package.json',
  'tsconfig.json',
  '.dependency-cruiser.cjs',
  '.eslint.config.mjs',
  '.jest.config.cjs',
  '.knip.json',
  '.tsconfig.knip.json',
];

/** Runs one of the installed tools as `npm run check` does, with `cwd` as the checkout. */
export function runTool(script: string, args: readonly string[], cwd = ROOT): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd,
    // Some tools colour what they print where CI is set, terminal or not.
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** A checkout of its own under the real configuration, holding only the given files. */
export class PlantedTree {
  readonly root = mkdtempSync(join(tmpdir(), 'planted-'));

  /** @param files text by path from the top. */
  constructor(files: ReadonlyMap<string, string>) {
    for (const name of CONFIGURATION) cpSync(join(ROOT, name), join(this.root, name));
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'), 'dir');
    for (const [path, text] of files) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  fell(): void {
    rmSync(this.root, { recursive: true });
  }
}
