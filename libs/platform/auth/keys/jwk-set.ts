import { type KeyObject, verify } from 'node:crypto';
import type { Clock } from '#platform/kernel';
import type { Log } from '#platform/observability';
import { authUnavailable } from '../auth.errors.js';
import { type PublicJwk, publicJwks } from './jwk.js';
import type { TokenHeader } from '../tokens/token-form.js';
import { VerificationKeys } from './verification-keys.js';

/** Age at which the set is fetched again, while its keys stay in use. */
const CACHE_MS = 10 * 60_000;
/** Time without a fetch, successful or failed, after which a request waits for the next one. */
const MAX_UNCHECKED_MS = 20 * 60_000;
/** Least time between two fetches, so that invented key ids and forged signatures cannot flood the Auth service. */
const REFETCH_MS = 30_000;
/** The same while no key is known: until then every request is refused. */
const RETRY_EMPTY_MS = 1_000;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_SET_BYTES = 262_144;

/**
 * The keys of the Auth service. The set is fetched when first needed, and after ten minutes again while the known
 * keys stay in use. It is also fetched for an unknown key id and after a failed signature, because a key may be replaced
 * under its id. A fetched set replaces the old one at once. If the Auth service can't be reached, or publishes no usable
 * key, the known keys stay in use.
 */
export class JwkSet extends VerificationKeys {
  override readonly algorithms = ['RS256', 'ES256'] as const;

  private keys: readonly PublicJwk[] = [];
  private withdrawals = 0;
  private fetchedAt = -Infinity;
  private triedAt = -Infinity;
  private checkedAt = -Infinity;
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
  async find(header: TokenHeader): Promise<KeyObject | null> {
    if (this.elapsed(this.checkedAt, MAX_UNCHECKED_MS)) await this.refresh();
    else this.refreshWhenDue();
    let key = this.known(header);
    if (!key) {
      await this.refresh();
      key = this.known(header);
    }
    if (!key && this.lastTryFailed) throw authUnavailable();
    return key;
  }

  override get revision(): number {
    return this.withdrawals;
  }

  /**
   * The Auth service may have published another key under the same id, and the strategy has no step between a failed
   * signature and its refusal. So the signature is checked here, and the set is fetched again if it does not match.
   */
  protected override async keyOf(token: string, header: TokenHeader): Promise<KeyObject | null> {
    const key = await this.find(header);
    if (!key || isSignedWith(key, token)) return key;
    if (this.known(header) === key) await this.refresh();
    return this.known(header);
  }

  protected override isCurrent(key: KeyObject): boolean {
    return this.keys.some((known) => known.key === key);
  }

  override refreshWhenDue(): void {
    if (this.elapsed(this.fetchedAt, CACHE_MS)) void this.refresh();
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
      this.checkedAt = this.now();
    });
    return this.fetching;
  }

  private async replaceKeys(): Promise<void> {
    try {
      this.use(publicJwks(await this.fetchText()));
      this.fetchedAt = this.now();
      this.lastTryFailed = false;
    } catch (error) {
      this.lastTryFailed = true;
      const cause = (error as Error).cause;
      const reason = cause instanceof Error ? cause.message : (error as Error).message;
      this.log.warn({ reason, known_keys: this.keys.length }, 'the key set of the Auth service could not be fetched');
    }
  }

  /** A key that is published again stays the same object, so that `===` shows whether a key was replaced. */
  private use(published: readonly PublicJwk[]): void {
    const previous = this.keys;
    this.keys = published.map((jwk) => previous.find((known) => isSame(known, jwk)) ?? jwk);
    if (previous.some((known) => !this.keys.includes(known))) this.withdrawals += 1;
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

  /** True as well after the clock was set back, so that old keys do not stay for ever. */
  private elapsed(since: number, ms: number): boolean {
    const passed = this.now() - since;
    return passed < 0 || passed >= ms;
  }

  private now(): number {
    return this.clock.epochMs();
  }
}

/** All algorithms of this set hash with SHA-256; RSA ignores the encoding, which is that of ES256 (RFC 7518, 3.4). */
function isSignedWith(key: KeyObject, token: string): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function isSame(a: PublicJwk, b: PublicJwk): boolean {
  return a.kid === b.kid && a.alg === b.alg && a.key.equals(b.key);
}
