import { randomFillSync } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Random bytes of one id. */
const RANDOM = 10;
const MAX_COUNTER = 0xfff;

/** Random bytes for 256 ids: one call to the system for each id would be slower. */
const pool = Buffer.alloc(RANDOM * 256);
let used = pool.length;
let milliseconds = 0;
let counter = 0;

/**
 * Creates a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, a counter of 12 bits, 62 random bits. The ids of a process
 * ascend, also within a millisecond and after the clock was set back, so that indexes grow at one end.
 */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, used + RANDOM);
  used += RANDOM;
  tick(parseInt(random.slice(16), 16));
  const time = milliseconds.toString(16).padStart(12, '0');
  const count = counter.toString(16).padStart(3, '0');
  const variant = ((parseInt(random[0]!, 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${random.slice(1, 4)}-${random.slice(4, 16)}`;
}

/** Starts a millisecond with a random counter whose highest bit is 0, which leaves at least 2048 ids; else counts up. */
function tick(seed: number): void {
  const now = Date.now();
  if (now <= milliseconds && counter < MAX_COUNTER) {
    counter += 1;
    return;
  }
  milliseconds = Math.max(now, milliseconds + 1);
  counter = seed & (MAX_COUNTER >> 1);
}

/** True for a UUID in its usual form, of any version, in either case. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
