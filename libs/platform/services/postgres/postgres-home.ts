import { chmodSync, lstatSync, mkdirSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { homeOf, type Home } from '../home.js';
import { canEnter, folderElsewhere, ownerOf } from './postgres-owner.js';
import type { Owner } from '../processes/server-process.js';
import { ServiceError } from '../service-error.js';

export interface PostgresHome extends Home {
  readonly owner: Owner | undefined;
}

/**
 * The real path of `<dataDirectory>/postgres`, which `owner` can enter. It is a link to a folder elsewhere when
 * root works in a folder that no other user may enter.
 *
 * @throws ServiceError `data`.
 */
export function postgresHome(dataDirectory: string | undefined): PostgresHome {
  const link = dataDirectory && join(resolve(dataDirectory), 'postgres');
  if (link) place(link);
  const home = homeOf('postgres', dataDirectory);
  const path = realpathSync(home.path);
  const owner = ownerOf(join(path, 'data'));
  if (owner) {
    chmodSync(path, 0o755); // whatever the umask is
    if (!canEnter(path, owner)) {
      throw new ServiceError(
        'data',
        `${path} can't be entered by OS user ${owner.uid}: open its parents (chmod a+x), or delete it.`,
      );
    }
  }
  return { path, scratch: home.scratch && path, owner };
}

/** Makes a new home; one that is there stays where it is. */
function place(link: string): void {
  const existing = lstatSync(link, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink()) mkdirSync(readlinkSync(link), { recursive: true });
  if (existing) return;
  mkdirSync(dirname(link), { recursive: true });
  const owner = ownerOf(join(link, 'data'));
  if (owner && !canEnter(dirname(link), owner)) symlinkSync(folderElsewhere(link), link);
}
