import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Folder of a server's files. */
export interface Home {
  readonly path: string;
  /** The same path when it was made for this run alone and is deleted after it. */
  readonly scratch: string | undefined;
}

/** `<dataDirectory>/<service>`, or a new folder for temporary files when there is no data directory. */
export function homeOf(service: string, dataDirectory: string | undefined): Home {
  if (!dataDirectory) {
    const path = mkdtempSync(join(tmpdir(), `crm-${service}-`));
    return { path, scratch: path };
  }
  const path = join(resolve(dataDirectory), service);
  mkdirSync(path, { recursive: true });
  return { path, scratch: undefined };
}
