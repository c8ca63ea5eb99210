import { randomFillSync } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const pool = new Uint8Array(10 * 256);
let used = pool.length;

/** A new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits, so that indexes grow at one end. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = Buffer.from(pool.buffer, used, 10).toString('hex');
  used += 10;
  const time = Date.now().toString(16).padStart(12, '0');
  const variant = ((parseInt(random[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** True for a UUID in its usual form, of any version, in either case. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
