import { newId } from '#platform/kernel';
import { TokenCache } from './token-cache.js';

const NOW = Date.UTC(2026, 10, 23);
const MINUTE = 60_000;

function verifiedUntil(expiresAt: number) {
  return { caller: { userId: newId(), roles: new Set<never>() }, expiresAt };
}

describe('the cache of verified tokens', () => {
  it('gives a token back until it expires', () => {
    const cache = new TokenCache(10);
    const verified = verifiedUntil(NOW + MINUTE);
    cache.put('a.b.c', verified, NOW);
    expect(cache.get('a.b.c', NOW + MINUTE - 1)).toBe(verified);
    expect(cache.get('a.b.d', NOW)).toBeUndefined();
    expect(cache.get('a.b.c', NOW + MINUTE)).toBeUndefined();
  });

  it('verifies the signature again after ten minutes, so that tokens of a withdrawn key expire', () => {
    const cache = new TokenCache(10);
    cache.put('a.b.c', verifiedUntil(NOW + 60 * MINUTE), NOW);
    expect(cache.get('a.b.c', NOW + 10 * MINUTE - 1)).toBeDefined();
    expect(cache.get('a.b.c', NOW + 10 * MINUTE)).toBeUndefined();
  });

  it('drops what was used longest ago when it is full', () => {
    const cache = new TokenCache(2);
    cache.put('first', verifiedUntil(NOW + MINUTE), NOW);
    cache.put('second', verifiedUntil(NOW + MINUTE), NOW);
    expect(cache.get('first', NOW)).toBeDefined();
    cache.put('third', verifiedUntil(NOW + MINUTE), NOW);
    expect(cache.get('second', NOW)).toBeUndefined();
    expect(cache.get('first', NOW)).toBeDefined();
    expect(cache.get('third', NOW)).toBeDefined();
  });
});
