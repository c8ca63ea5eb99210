import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import type { Owner } from '../processes/server-process.js';
import { ServiceError } from '../service-error.js';

/**
 * Selects the OS user of PostgreSQL, which refuses to run as root: the owner of an existing `dataPath`, else the
 * user postgres, else the unprivileged user. Undefined when this process isn't root: it runs as the current user.
 *
 * @throws ServiceError `data` when the directory belongs to another user and we aren't root.
 */
export function ownerOf(dataPath: string): Owner | undefined {
  const existing = statSync(dataPath, { throwIfNoEntry: false });
  const me = process.getuid?.();
  if (me !== 0) {
    if (existing && me !== undefined && existing.uid !== me) {
      throw new ServiceError(
        'data',
        `${dataPath} belongs to another OS user: run as that user, or delete it to begin anew.`,
      );
    }
    return undefined;
  }
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new ServiceError(
    'start',
    'PostgreSQL refuses to run as root, and there is no unprivileged OS user such as postgres.',
  );
}

/** True when `owner` may go through every folder down to `folder`. */
export function canEnter(folder: string, owner: Owner): boolean {
  return spawnSync('test', ['-x', folder], { ...owner, cwd: '/' }).status === 0;
}

/**
 * A folder for what belongs to `path` but can't lie there, because the checkout is in a folder that only root may enter.
 * Not under /var/tmp: that is cleaned of old files, and another user could create the folder first.
 */
export function folderElsewhere(path: string): string {
  const folder = `/var/lib/crm-dev-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755); // whatever the umask is
  return folder;
}
