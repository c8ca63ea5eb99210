import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ServiceError } from './service-error.js';

/** The minimum of HS256, and less than {@link storedSecret} makes. */
const MIN_LENGTH = 32;

/**
 * The secret in `file`, which only its owner can read; the first call creates a random one (43 characters, URL-safe).
 * @throws ServiceError `data` when the file contains no secret.
 */
export function storedSecret(file: string): string {
  if (!existsSync(file)) makeSecret(file);
  const fault = faultOfSecret(file);
  if (!fault) return read(file);
  throw new ServiceError('data', `${file} ${fault}: delete it, and the next start makes a new secret.`);
}

/** Why the secret in `file` can't be used, e.g. `is empty`; undefined when it can. */
export function faultOfSecret(file: string): string | undefined {
  const secret = read(file);
  if (secret.length >= MIN_LENGTH) return undefined;
  return secret === '' ? 'is empty' : `is shorter than ${MIN_LENGTH} characters`;
}

function read(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

/** A rename, so that a crash in between leaves no empty file. */
function makeSecret(file: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
  renameSync(draft, file);
}
