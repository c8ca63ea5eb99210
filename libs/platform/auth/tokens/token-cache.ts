import type { VerifiedToken } from './token-claims.js';

/** How long a verified signature is trusted; a withdrawn key empties the cache before that. */
const RECHECK_MS = 10 * 60_000;

interface Entry {
  readonly verified: VerifiedToken;
  readonly recheckAt: number;
}

/** An LRU cache of verified tokens. Forged tokens never enter it, so they cannot flood it. */
export class TokenCache {
  private readonly entries = new Map<string, Entry>();

  /** @param capacity maximum number of cached tokens. */
  constructor(private readonly capacity: number) {}

  /**
   * What was found for exactly this text, while the token lives and its signature needn't be checked again.
   * @param now milliseconds since the Unix epoch.
   */
  get(token: string, now: number): VerifiedToken | undefined {
    const entry = this.entries.get(token);
    if (!entry) return undefined;
    if (now >= entry.recheckAt) {
      this.entries.delete(token);
      return undefined;
    }
    if (this.entries.size > this.capacity / 2) this.makeYoungest(token, entry);
    return entry.verified;
  }

  /** A Map keeps the order of insertion. Not worth its price before tokens are near to being pushed out. */
  private makeYoungest(token: string, entry: Entry): void {
    this.entries.delete(token);
    this.entries.set(token, entry);
  }

  clear(): void {
    this.entries.clear();
  }

  /** Caches a token until it expires, is evicted, or its signature must be verified again. */
  put(token: string, verified: VerifiedToken, now: number): void {
    // A copy: the given text may be a slice that keeps a whole header alive.
    const key = Buffer.from(token, 'latin1').toString('latin1');
    this.entries.set(key, { verified, recheckAt: Math.min(verified.expiresAt, now + RECHECK_MS) });
    if (this.entries.size > this.capacity) this.entries.delete(this.entries.keys().next().value!);
  }
}
