import { execFile } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { Owner } from '../processes/server-process.js';
import { ServiceError } from '../service-error.js';

/** The superuser; not named like the schema `crm`, which would come first in the search path of other clients. */
export const SUPERUSER = 'postgres';

export interface ClusterOptions {
  readonly password: string;
  readonly durable: boolean;
}

/**
 * Makes the data directory `<home>/data` unless it is there.
 * @throws ServiceError `data` when what is there can't be used, `start` when it can't be made.
 */
export async function ensureCluster(
  home: string,
  binaries: PostgresBinaries,
  owner: Owner | undefined,
  options: ClusterOptions,
): Promise<void> {
  const data = join(home, 'data');
  if (existsSync(data) && readdirSync(data).length > 0) return checkVersion(data, binaries.major);
  for (const entry of readdirSync(home).filter((name) => name.startsWith('new-')))
    rmSync(join(home, entry), { recursive: true });
  const folder = join(home, `new-${process.pid}`);
  mkdirSync(folder, { mode: 0o700 });
  const passwordFile = join(home, `new-${process.pid}.password`);
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  if (owner) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
  try {
    await initdb(folder, passwordFile, binaries, owner, options.durable);
    renameSync(folder, data); // a run that is killed in between leaves no half-made cluster under the final name
  } finally {
    rmSync(passwordFile);
  }
}

function checkVersion(data: string, major: string): void {
  const remedy = `delete it to start with an empty database`;
  const file = join(data, 'PG_VERSION');
  if (!existsSync(file)) {
    throw new ServiceError('data', `${data} is not a PostgreSQL data directory (PG_VERSION is missing): ${remedy}.`);
  }
  const made = readFileSync(file, 'utf8').trim();
  if (made !== major) {
    const why = `was made by PostgreSQL ${made} and this is PostgreSQL ${major}`;
    throw new ServiceError('data', `${data} ${why}: ${remedy}, or move the data with pg_dump first.`);
  }
}

async function initdb(
  folder: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  owner: Owner | undefined,
  durable: boolean,
): Promise<void> {
  const args = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--locale-provider=builtin', // the same order and case rules on every machine, whatever locales it has
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ];
  try {
    await promisify(execFile)(binaries.initdb, args, {
      ...owner,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n') ?? [];
    const why = said.find((line) => /error|FATAL/.test(line)) ?? (error as Error).message;
    throw new ServiceError('start', `PostgreSQL's data directory ${folder} can't be made: ${why}`);
  }
}
