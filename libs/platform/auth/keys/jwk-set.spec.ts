import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { AuthSettings, RuntimeSettings } from '#platform/config';
import { Clock, instant, newId } from '#platform/kernel';
import { Log } from '#platform/observability';
import { until } from '#platform/testing';
import { JwtStrategy } from '../tokens/jwt.strategy.js';
import { JwkSet } from './jwk-set.js';
import { KeyServer } from './key-server.fixture.js';
import type { TokenAlgorithm } from '../tokens/token-form.js';
import { TokenVerifier } from '../tokens/token-verifier.js';

class SettableClock extends Clock {
  ms = Date.UTC(2026, 10, 23, 12);

  now() {
    return instant(new Date(this.ms));
  }
}

function rsaKey(bits = 2048): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: bits }).publicKey;
}

function ecKey(namedCurve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).publicKey;
}

function jwk(key: KeyObject, members: object = {}): JsonWebKey {
  return { ...key.export({ format: 'jwk' }), ...members };
}

const { publicKey: RSA, privateKey: RSA_PRIVATE } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = ecKey();

let clock: SettableClock;
let auth: KeyServer;
let keys: JwkSet;

beforeEach(async () => {
  clock = new SettableClock();
  auth = new KeyServer();
  auth.keys = [jwk(RSA, { kid: 'r1', alg: 'RS256', use: 'sig' }), jwk(EC, { kid: 'e1' })];
  await auth.start();
  keys = jwkSet();
});

afterEach(() => auth.stop());

function jwkSet(timeoutMs?: number): JwkSet {
  return new JwkSet(auth.url, clock, new Log(new RuntimeSettings({ logLevel: 'silent' })), timeoutMs);
}

/** What a token with this header would be verified with, or how that is refused. */
async function found(alg: TokenAlgorithm, kid?: string): Promise<KeyObject | string | null> {
  try {
    return await keys.find({ alg, kid });
  } catch (error) {
    return `${(error as { kind: string }).kind} ${(error as { code: string }).code}`;
  }
}

function tokenVerifier(): TokenVerifier {
  return new TokenVerifier(keys, clock, new JwtStrategy(keys, new AuthSettings({})));
}

function tokenOf(header: object, signer: (input: string) => Buffer, claims: object = {}): string {
  const payload = { sub: newId(), roles: ['agent'], exp: clock.ms / 1000 + 900, ...claims };
  const input = [header, payload].map((json) => Buffer.from(JSON.stringify(json)).toString('base64url')).join('.');
  return `${input}.${signer(input).toString('base64url')}`;
}

function rs256(kid: string, key: KeyObject, claims: object = {}): string {
  return tokenOf({ alg: 'RS256', kid }, (input) => sign('sha256', Buffer.from(input), key), claims);
}

const UNAVAILABLE = 'unavailable auth_unavailable';

function expectKey(actual: KeyObject | string | null, expected: KeyObject): void {
  expect(typeof actual).toBe('object');
  expect(actual && typeof actual === 'object' && actual.equals(expected)).toBe(true);
}

describe('a key of the set', () => {
  it('is found by its id, for the one algorithm it is for', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    expectKey(await found('ES256', 'e1'), EC);
    expect(await found('ES256', 'r1')).toBeNull();
    expect(await found('RS256', 'e1')).toBeNull();
    expect(await found('HS256', 'r1')).toBeNull();
    expect(keys.algorithms).toEqual(['RS256', 'ES256']);
  });

  it('is found without an id only while it is the only one of its algorithm', async () => {
    auth.keys.push(jwk(ecKey(), { kid: 'e2' }));
    expectKey(await found('RS256'), RSA);
    expect(await found('ES256')).toBeNull();
  });

  it('is passed over when it is secret, private, weak, for encryption or for another algorithm', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const unusable = [
      { kty: 'oct', k: Buffer.from('a'.repeat(32)).toString('base64url'), kid: 'oct', alg: 'HS256' },
      { ...privateKey.export({ format: 'jwk' }), kid: 'private' },
      jwk(rsaKey(1024), { kid: 'weak' }),
      jwk(ecKey('P-384'), { kid: 'p384' }),
      jwk(generateKeyPairSync('ed25519').publicKey, { kid: 'ed25519' }),
      jwk(RSA, { kid: 'enc', use: 'enc' }),
      jwk(RSA, { kid: 'ops', key_ops: ['encrypt'] }),
      jwk(RSA, { kid: 'rs512', alg: 'RS512' }),
      jwk(RSA, { kid: 'hs256', alg: 'HS256' }),
      jwk(EC, { kid: 'off-curve', x: EC.export({ format: 'jwk' }).y }),
      { kty: 'RSA', kid: 'broken' },
      jwk(RSA, { kid: 7 }),
      null,
      'text',
    ];
    auth.keys = [...unusable, ...auth.keys];
    const ids = ['oct', 'private', 'weak', 'p384', 'ed25519', 'enc', 'ops', 'rs512', 'hs256', 'off-curve', 'broken'];
    for (const id of ids) {
      for (const alg of ['RS256', 'ES256', 'HS256'] as const)
        expect({ id, key: await found(alg, id) }).toEqual({ id, key: null });
    }
    expectKey(await found('RS256'), RSA);
    expectKey(await found('RS256', 'r1'), RSA);
  });

  it('is unknown when it stands behind the first thirty-two of the set', async () => {
    auth.keys = Array.from({ length: 33 }, (_, index) => jwk(EC, { kid: `k${index}` }));
    expectKey(await found('ES256', 'k31'), EC);
    expect(await found('ES256', 'k32')).toBeNull();
  });
});

describe('the set', () => {
  it('is fetched when first needed, once for concurrent callers, and cached for ten minutes', async () => {
    expect(auth.asked).toBe(0);
    const many = await Promise.all(Array.from({ length: 50 }, () => found('RS256', 'r1')));
    for (const key of many) expectKey(key, RSA);
    clock.ms += 10 * 60_000 - 1;
    expectKey(await found('RS256', 'r1'), RSA);
    expect(auth.asked).toBe(1);
    clock.ms += 1;
    expectKey(await found('RS256', 'r1'), RSA);
    await until(() => auth.asked === 2);
  });

  it('serves a known key after ten minutes while the Auth service does not answer the next fetch', async () => {
    keys = jwkSet(600_000);
    expectKey(await found('RS256', 'r1'), RSA);
    auth.answer = () => undefined;
    clock.ms += 10 * 60_000;
    expectKey(await found('RS256', 'r1'), RSA);
    await until(() => auth.asked === 2);
    clock.ms += 9 * 60_000;
    expectKey(await found('RS256', 'r1'), RSA);
    expect(auth.asked).toBe(2);
  });

  it('is fetched before a known key is found when no fetch was tried for twenty minutes', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    auth.keys = [jwk(EC, { kid: 'e1' })];
    clock.ms += 20 * 60_000;
    const both = await Promise.all([found('RS256', 'r1'), found('RS256', 'r1')]);
    expect(both).toEqual([null, null]);
    expect(auth.asked).toBe(2);
  });

  it('is fetched again for an unknown id, at most once in thirty seconds', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    const rotated = rsaKey();
    auth.keys = [jwk(rotated, { kid: 'r2' })];
    clock.ms += 29_999;
    expect(await found('RS256', 'r2')).toBeNull();
    expect(auth.asked).toBe(1);
    clock.ms += 1;
    const [key] = await Promise.all([found('RS256', 'r2'), found('RS256', 'r3'), found('RS256', 'r4')]);
    expectKey(key, rotated);
    for (let i = 0; i < 20; i += 1) {
      expect(await found('RS256', `invented-${i}`)).toBeNull();
      clock.ms += 1_000;
    }
    expect(auth.asked).toBe(2);
  });

  it('loses a key that the Auth service has withdrawn', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    auth.keys = [jwk(EC, { kid: 'e1' })];
    clock.ms += 10 * 60_000;
    expectKey(await found('RS256', 'r1'), RSA);
    await until(async () => (await found('RS256', 'r1')) === null);
  });

  it('is fetched again after the clock was set back', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    clock.ms -= 60_000;
    expectKey(await found('RS256', 'r1'), RSA);
    await until(() => auth.asked === 2);
  });
});

describe('a key that was replaced under its id', () => {
  const rotated = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const replaceKey = () => (auth.keys = [jwk(rotated.publicKey, { kid: 'r1' }), jwk(EC, { kid: 'e1' })]);

  it('is fetched after the first failed signature, and verifies that same request', async () => {
    const verifier = tokenVerifier();
    await verifier.verify(rs256('r1', RSA_PRIVATE));
    replaceKey();
    clock.ms += 30_000;
    expect((await verifier.verify(rs256('r1', rotated.privateKey))).caller.roles).toEqual(new Set(['seller']));
    expect(auth.asked).toBe(2);
  });

  it('ends every token of the withdrawn key at once, the cached ones too', async () => {
    const verifier = tokenVerifier();
    const [cached, fresh] = [rs256('r1', RSA_PRIVATE), rs256('r1', RSA_PRIVATE)];
    await verifier.verify(cached);
    expect(verifier.recall(cached)).toBeDefined();
    replaceKey();
    clock.ms += 30_000;
    await verifier.verify(rs256('r1', rotated.privateKey));
    expect(verifier.recall(cached)).toBeUndefined();
    for (const token of [cached, fresh]) {
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'invalid_token' });
    }
    expect(auth.asked).toBe(2);
  });

  it('causes at most one fetch in thirty seconds, however many signatures fail', async () => {
    const verifier = tokenVerifier();
    const forged = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await verifier.verify(rs256('r1', RSA_PRIVATE));
    clock.ms += 30_000;
    for (let i = 0; i < 20; i += 1) {
      const attempts = [0, 1, 2].map(() => verifier.verify(rs256('r1', forged)));
      for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'invalid_token' });
      clock.ms += 1_000;
    }
    expect(auth.asked).toBe(2);
  });

  it('causes no fetch when the signature is valid and a claim is not', async () => {
    const verifier = tokenVerifier();
    await verifier.verify(rs256('r1', RSA_PRIVATE));
    clock.ms += 30_000;
    const anonymous = verifier.verify(rs256('r1', RSA_PRIVATE, { sub: 'unknown' }));
    await expect(anonymous).rejects.toMatchObject({ code: 'invalid_token' });
    expect(auth.asked).toBe(1);
  });

  it('leaves the tokens of the other keys in the cache when nothing was withdrawn', async () => {
    const verifier = tokenVerifier();
    const token = rs256('r1', RSA_PRIVATE);
    await verifier.verify(token);
    auth.keys.push(jwk(rotated.publicKey, { kid: 'r2' }));
    clock.ms += 30_000;
    await verifier.verify(rs256('r2', rotated.privateKey));
    expect(auth.asked).toBe(2);
    expect(verifier.recall(token)).toBeDefined();
  });

  it('ends its cached tokens after ten minutes, although no other token is presented', async () => {
    const verifier = tokenVerifier();
    await verifier.verify(rs256('r1', RSA_PRIVATE));
    clock.ms += 9 * 60_000;
    const token = rs256('r1', RSA_PRIVATE, { exp: clock.ms / 1000 + 3_600 });
    await verifier.verify(token);
    replaceKey();
    clock.ms += 60_000;
    expect(verifier.recall(token)).toBeDefined();
    await until(() => verifier.recall(token) === undefined);
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'invalid_token' });
  });

  it('serves the cached keys while the Auth service is down', async () => {
    const verifier = tokenVerifier();
    const token = rs256('r1', RSA_PRIVATE);
    await verifier.verify(token);
    await auth.stop();
    clock.ms += 30_000;
    await expect(verifier.verify(rs256('r1', rotated.privateKey))).rejects.toMatchObject({ code: 'invalid_token' });
    expect(verifier.recall(token)).toBeDefined();
  });
});

describe('an Auth service that is down', () => {
  it('makes tokens unverifiable, not invalid, while no key is known; and is asked again after a second', async () => {
    await auth.stop();
    expect(await found('RS256', 'r1')).toBe(UNAVAILABLE);
    await auth.start();
    expect(await found('RS256', 'r1')).toBe(UNAVAILABLE);
    expect(auth.asked).toBe(0);
    clock.ms += 1_000;
    expectKey(await found('RS256', 'r1'), RSA);
  });

  it('leaves the known keys in force, and makes only unknown ones unverifiable', async () => {
    expectKey(await found('RS256', 'r1'), RSA);
    await auth.stop();
    clock.ms += 10 * 60_000;
    expectKey(await found('RS256', 'r1'), RSA);
    expect(await found('RS256', 'r2')).toBe(UNAVAILABLE);
    auth.keys = [jwk(EC, { kid: 'e2' })];
    await auth.start();
    clock.ms += 30_000;
    expectKey(await found('ES256', 'e2'), EC);
    expect(await found('RS256', 'r1')).toBeNull();
  });

  it.each<[string, RequestListener]>([
    ['an error', (_, response) => response.writeHead(500).end(JSON.stringify({ keys: [jwk(RSA, { kid: 'r1' })] }))],
    [
      'a redirect',
      ({ url }, response) => {
        if (url === '/elsewhere') response.end(JSON.stringify({ keys: [jwk(RSA, { kid: 'r1' })] }));
        else response.writeHead(302, { location: '/elsewhere' }).end();
      },
    ],
    ['no JSON', (_, response) => response.end('<html>')],
    ['JSON that is no key set', (_, response) => response.end('[]')],
    ['no usable key', (_, response) => response.end('{"keys":[{"kty":"oct","k":"AA"}]}')],
    [
      'too much',
      (_, response) => response.end(JSON.stringify({ keys: [jwk(RSA, { kid: 'r1' })], pad: 'x'.repeat(300_000) })),
    ],
    [
      'half an answer',
      (_, response) => response.writeHead(200, { 'content-length': '9' }).write('{"keys"', () => response.destroy()),
    ],
  ])('counts as one when it answers %s', async (_, answer) => {
    auth.answer = answer;
    expect(await found('RS256', 'r1')).toBe(UNAVAILABLE);
    expect(auth.asked).toBe(1);
  });

  it('counts as one when it does not answer in time', async () => {
    auth.answer = () => undefined;
    keys = jwkSet(20);
    expect(await found('RS256', 'r1')).toBe(UNAVAILABLE);
    expect(auth.asked).toBe(1);
  });
});

describe('a token', () => {
  const byRsa = (input: string) => sign('sha256', Buffer.from(input), RSA_PRIVATE);
  const verify = (text: string) => tokenVerifier().verify(text);

  it('of a key of the set is good, by the algorithm of that key alone', async () => {
    expect((await verify(tokenOf({ alg: 'RS256', kid: 'r1' }, byRsa))).caller.roles).toEqual(new Set(['seller']));
    const byPublicKey = (input: string) =>
      createHmac('sha256', RSA.export({ type: 'spki', format: 'pem' }))
        .update(input)
        .digest();
    for (const [alg, kid, signer] of [
      ['HS256', 'r1', byPublicKey],
      ['RS256', 'r1', byPublicKey],
      ['RS256', 'e1', byRsa],
      ['ES256', 'e1', byRsa],
      ['ES256', 'r1', byRsa],
    ] as const) {
      await expect(verify(tokenOf({ alg, kid }, signer))).rejects.toMatchObject({ code: 'invalid_token' });
    }
  });

  it('is not called invalid while the Auth service is down', async () => {
    await auth.stop();
    const attempt = verify(tokenOf({ alg: 'RS256', kid: 'r1' }, byRsa));
    await expect(attempt).rejects.toMatchObject({ kind: 'unavailable', code: 'auth_unavailable' });
  });
});
