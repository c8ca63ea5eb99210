import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ServiceError } from './service-error.js';

/** What HS256 asks for, and less than {@link keptSecret} makes. */
const MIN_LENGTH = 32;

/**
 * The secret kept in `file`, readable by its owner alone; a random one (43 characters, URL-safe) is made the first time.
 * @throws ServiceError `data` when the file holds no secret.
 */
export function keptSecret(file: string): string {
  if (!existsSync(file)) makeSecret(file);
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length >= MIN_LENGTH) return secret;
  const fault = secret === '' ? 'is empty' : `is shorter than ${MIN_LENGTH} characters`;
  throw new ServiceError('data', `${file} ${fault}: delete it, and the next start makes a new secret.`);
}

/** A rename, so that a crash in between leaves no empty file. */
function makeSecret(file: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
  renameSync(draft, file);
}
