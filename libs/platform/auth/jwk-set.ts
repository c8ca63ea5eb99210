import type { KeyObject } from 'node:crypto';
import type { Clock } from '#platform/kernel';
import type { Log } from '#platform/observability';
import { authUnavailable } from './auth.errors.js';
import { type PublicJwk, publicJwks } from './jwk.js';
import type { TokenHeader } from './token-form.js';
import { VerificationKeys } from './verification-keys.js';

/** How long a fetched set is believed. */
const CACHE_MS = 10 * 60_000;
/** Least time between fetches for a key we don't have, so that invented key ids can't make us hammer the Auth service. */
const REFETCH_MS = 30_000;
/** The same while we have no keys at all: nobody can be let in until there are some. */
const RETRY_EMPTY_MS = 1_000;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_SET_BYTES = 262_144;

/**
 * The keys of the Auth service, fetched when first needed, kept for ten minutes and fetched again for an unknown key
 * id. When the Auth service can't be reached, the keys already known go on; a key set that has no usable key counts as
 * not reached, so that a broken Auth service signs nobody out.
 */
export class JwkSet extends VerificationKeys {
  override readonly algorithms = ['RS256', 'ES256'] as const;

  private keys: readonly PublicJwk[] = [];
  private fetchedAt = -Infinity;
  private triedAt = -Infinity;
  private lastTryFailed = false;
  private fetching: Promise<void> | null = null;

  /**
   * @param url where the set is; redirects are not followed.
   * @param timeoutMs how long one fetch may take, in milliseconds.
   */
  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly timeoutMs = FETCH_TIMEOUT_MS,
  ) {
    super();
  }

  /**
   * The key with the token's `kid`; for a token without one, the only key of its algorithm.
   * @throws DomainError `auth_unavailable` when the key is unknown and the set can't be fetched.
   */
  override async find(header: TokenHeader): Promise<KeyObject | null> {
    if (this.elapsed(this.fetchedAt, CACHE_MS)) await this.refresh();
    let key = this.known(header);
    if (!key) {
      await this.refresh();
      key = this.known(header);
    }
    if (!key && this.lastTryFailed) throw authUnavailable();
    return key;
  }

  private known(header: TokenHeader): KeyObject | null {
    const keys = this.keys.filter(({ alg }) => alg === header.alg);
    if (header.kid === undefined) return keys.length === 1 ? keys[0]!.key : null;
    return keys.find(({ kid }) => kid === header.kid)?.key ?? null;
  }

  /** At most one fetch at a time, and none too soon after the last. */
  private refresh(): Promise<void> {
    if (this.fetching) return this.fetching;
    if (!this.elapsed(this.triedAt, this.keys.length === 0 ? RETRY_EMPTY_MS : REFETCH_MS)) return Promise.resolve();
    this.triedAt = this.now();
    this.fetching = this.replaceKeys().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async replaceKeys(): Promise<void> {
    try {
      this.keys = publicJwks(await this.fetchText());
      this.fetchedAt = this.now();
      this.lastTryFailed = false;
    } catch (error) {
      this.lastTryFailed = true;
      const cause = (error as Error).cause;
      const reason = cause instanceof Error ? cause.message : (error as Error).message;
      this.log.warn({ reason, known_keys: this.keys.length }, 'the key set of the Auth service could not be fetched');
    }
  }

  private async fetchText(): Promise<string> {
    const response = await fetch(this.url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(this.timeoutMs),
    });
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel();
      throw new Error(`answered ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_SET_BYTES) throw new Error(`is longer than ${MAX_SET_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** A clock that was set back must not keep old keys for ever. */
  private elapsed(since: number, ms: number): boolean {
    const passed = this.now() - since;
    return passed < 0 || passed >= ms;
  }

  private now(): number {
    return Date.parse(this.clock.now());
  }
}
