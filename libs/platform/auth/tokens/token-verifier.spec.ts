import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { AuthSettings, RuntimeSettings, SettingsError } from '#platform/config';
import { Clock, DomainError, instant, newId } from '#platform/kernel';
import { Log } from '#platform/observability';
import { JwtStrategy } from './jwt.strategy.js';
import { configuredKeys } from '../keys/configured-keys.js';
import { TokenVerifier } from './token-verifier.js';
import { VerificationKeys } from '../keys/verification-keys.js';

class SettableClock extends Clock {
  ms = Date.UTC(2026, 10, 23, 12);

  now() {
    return instant(new Date(this.ms));
  }
}

const SECRET = randomBytes(24).toString('hex');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SUB = newId();

let clock: SettableClock;
let now: number;

beforeEach(() => {
  clock = new SettableClock();
  now = clock.ms / 1000;
});

function verifierFor(values: Record<string, unknown>, keys?: VerificationKeys) {
  const settings = new AuthSettings(values);
  const used = keys ?? configuredKeys(settings, clock, new Log(new RuntimeSettings({ logLevel: 'silent' })));
  return new TokenVerifier(used, clock, new JwtStrategy(used, settings));
}

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function hmac(input: string, secret: string | Buffer, hash = 'sha256'): string {
  return createHmac(hash, secret).update(input).digest('base64url');
}

function claims(changes: object = {}) {
  return { sub: SUB, email: 'a@example.org', roles: ['agent'], iat: now, exp: now + 900, ...changes };
}

/** A token signed with the right secret; texts are taken as they are, so that any JSON can be signed. */
function hs256(payload: object | string = claims(), header: object | string = { alg: 'HS256', typ: 'JWT' }): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${hmac(input, SECRET)}`;
}

function signed(alg: 'RS256' | 'ES256', key: KeyObject, payload: object = claims()): string {
  const input = `${part({ alg, typ: 'JWT' })}.${part(payload)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}

async function codeOf(verifier: TokenVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).kind).toBe('unauthenticated');
    return (error as DomainError).code;
  }
}

describe('a good token', () => {
  it('returns the caller, its roles and its expiry only', async () => {
    const roles = ['agent', 'ROLE_USER', 'ROLE_EXECUTOR', 'ROLE_FINANCE_MANAGER', 'ROLE_TEAM_LEAD', 'ROLE_UNKNOWN'];
    const verified = await verifierFor({ accessSecret: SECRET }).verify(hs256(claims({ roles })));
    const caller = { userId: SUB, roles: new Set(['seller', 'executor', 'finance', 'lead']) };
    expect(verified).toEqual({ caller, expiresAt: (now + 900) * 1000 });
  });

  it.each<[string, string[]]>([
    ['ROLE_SALES_AGENT', ['seller']],
    ['ROLE_ADMIN', ['admin']],
    ['service', ['service']],
    ['ROLE_SERVICE', ['service']],
    ...['seller', 'executor', 'finance', 'lead', 'admin'].flatMap((role): [string, string[]][] => [
      [role, [role]],
      [`ROLE_${role.toUpperCase()}`, [role]],
    ]),
    ['Admin', []],
    ['role_admin', []],
    ['constructor', []],
  ])('with the role %s makes the caller %p', async (role, expected) => {
    const { caller } = await verifierFor({ accessSecret: SECRET }).verify(hs256(claims({ roles: [role] })));
    expect([...caller.roles]).toEqual(expected);
  });

  it('may carry no roles at all, and its subject in capitals', async () => {
    const token = hs256(claims({ roles: undefined, sub: SUB.toUpperCase() }));
    const { caller } = await verifierFor({ accessSecret: SECRET }).verify(token);
    expect(caller).toEqual({ userId: SUB, roles: new Set() });
  });

  it('is verified with the public key that is configured, as RS256 or ES256 by the kind of key', async () => {
    const oneLine = pem(rsa.publicKey).replaceAll('\n', '\\n');
    expect(await codeOf(verifierFor({ publicKey: oneLine }), signed('RS256', rsa.privateKey))).toBe('accepted');
    expect(await codeOf(verifierFor({ publicKey: pem(ec.publicKey) }), signed('ES256', ec.privateKey))).toBe(
      'accepted',
    );
  });

  it('names the configured issuer and audience', async () => {
    const verifier = verifierFor({ accessSecret: SECRET, issuer: 'auth', audience: 'crm' });
    expect(await codeOf(verifier, hs256(claims({ iss: 'auth', aud: 'crm' })))).toBe('accepted');
    expect(await codeOf(verifier, hs256(claims({ iss: 'auth', aud: ['tasks', 'crm'] })))).toBe('accepted');
    for (const wrong of [
      {},
      { iss: 'auth' },
      { aud: 'crm' },
      { iss: 'other', aud: 'crm' },
      { iss: 'auth', aud: 'x' },
    ]) {
      expect(await codeOf(verifier, hs256(claims(wrong)))).toBe('invalid_token');
    }
    expect(await codeOf(verifier, hs256(claims({ iss: ['auth'], aud: 'crm' })))).toBe('invalid_token');
  });

  it('may come from an issuer whose clock is five seconds ahead, not more', async () => {
    const verifier = verifierFor({ accessSecret: SECRET });
    expect(await codeOf(verifier, hs256(claims({ nbf: now + 5 })))).toBe('accepted');
    expect(await codeOf(verifier, hs256(claims({ nbf: now + 6 })))).toBe('invalid_token');
  });

  it('ends with its last moment', async () => {
    const verifier = verifierFor({ accessSecret: SECRET });
    expect(await codeOf(verifier, hs256(claims({ exp: now + 1 })))).toBe('accepted');
    expect(await codeOf(verifier, hs256(claims({ exp: now })))).toBe('token_expired');
    expect(await codeOf(verifier, hs256(claims({ exp: 0 })))).toBe('token_expired');
  });
});

describe('a token of one application', () => {
  it('is worth nothing to another in the same process', async () => {
    const first = verifierFor({ accessSecret: SECRET });
    const second = verifierFor({ accessSecret: 'x'.repeat(32), issuer: 'elsewhere' });
    expect(await codeOf(second, hs256())).toBe('invalid_token');
    expect(await codeOf(first, hs256())).toBe('accepted');
  });
});

describe('a forged signature', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', 'HS384', 'HS512', 'RS256', 'hs256'])(
    'is not let in under the algorithm %p',
    async (alg) => {
      const input = `${part({ alg, typ: 'JWT' })}.${part(claims())}`;
      const verifier = verifierFor({ accessSecret: SECRET });
      const hash = alg === 'HS384' ? 'sha384' : alg === 'HS512' ? 'sha512' : 'sha256';
      for (const signature of ['', 'AA', hmac(input, SECRET, hash)]) {
        expect(await codeOf(verifier, `${input}.${signature}`)).toBe('invalid_token');
      }
    },
  );

  it('is not let in without an algorithm, or with one that is no text', async () => {
    const verifier = verifierFor({ accessSecret: SECRET });
    for (const header of [{ typ: 'JWT' }, { alg: ['HS256'] }, { alg: null }, { alg: { toString: 'HS256' } }]) {
      expect(await codeOf(verifier, hs256(claims(), header))).toBe('invalid_token');
    }
  });

  it('is not let in when the public key was used as a secret', async () => {
    for (const [publicKey, algs] of [
      [rsa.publicKey, ['HS256', 'RS256']],
      [ec.publicKey, ['HS256', 'ES256']],
    ] as const) {
      const verifier = verifierFor({ publicKey: pem(publicKey) });
      for (const alg of algs) {
        const input = `${part({ alg, typ: 'JWT' })}.${part(claims())}`;
        const secrets = [pem(publicKey), pem(publicKey).trim(), publicKey.export({ type: 'spki', format: 'der' })];
        for (const secret of secrets) {
          expect(await codeOf(verifier, `${input}.${hmac(input, secret)}`)).toBe('invalid_token');
        }
      }
    }
  });

  it('is not let in when another key made it, or the claims were changed after it', async () => {
    const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const byRsa = verifierFor({ publicKey: pem(rsa.publicKey) });
    expect(await codeOf(byRsa, signed('RS256', strangers.privateKey))).toBe('invalid_token');
    const byEc = verifierFor({ publicKey: pem(ec.publicKey) });
    const zeros = Buffer.alloc(64).toString('base64url');
    expect(await codeOf(byEc, `${part({ alg: 'ES256' })}.${part(claims())}.${zeros}`)).toBe('invalid_token');
    const [header, , signature] = hs256().split('.');
    const admin = part(claims({ roles: ['ROLE_ADMIN'] }));
    expect(await codeOf(verifierFor({ accessSecret: SECRET }), `${header}.${admin}.${signature}`)).toBe(
      'invalid_token',
    );
  });

  it('says nothing of the time: an expired token with a wrong signature is just invalid', async () => {
    const input = `${part({ alg: 'HS256' })}.${part(claims({ exp: now - 60 }))}`;
    const verifier = verifierFor({ accessSecret: SECRET });
    expect(await codeOf(verifier, `${input}.${hmac(input, 'another secret')}`)).toBe('invalid_token');
  });
});

describe('a signature', () => {
  it('has one spelling: the spare bits of a last character must be zero', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const [verifier, token] of [
      [verifierFor({ accessSecret: SECRET }), hs256()],
      [verifierFor({ publicKey: pem(rsa.publicKey) }), signed('RS256', rsa.privateKey)],
      [verifierFor({ publicKey: pem(ec.publicKey) }), signed('ES256', ec.privateKey)],
    ] as const) {
      const body = token.slice(0, -1);
      const bytes = Buffer.from(token.split('.')[2]!, 'base64url');
      const twins = Array.from(alphabet).filter((last) => {
        const twin = Buffer.from((body + last).split('.')[2]!, 'base64url');
        return twin.equals(bytes) && body + last !== token;
      });
      expect(twins.length).toBeGreaterThan(0);
      for (const last of twins) expect(await codeOf(verifier, body + last)).toBe('invalid_token');
      expect(await codeOf(verifier, token)).toBe('accepted');
    }
  });
});

describe('a token seen before', () => {
  /** One secret key, and how often it was used. */
  class CountingKeys extends VerificationKeys {
    readonly algorithms = ['HS256'] as const;
    used = 0;

    protected keyOf() {
      this.used += 1;
      return Promise.resolve(createSecretKey(Buffer.from(SECRET, 'utf8')));
    }
  }

  it('is not verified again until it expires', async () => {
    const keys = new CountingKeys();
    const verifier = verifierFor({ accessSecret: SECRET }, keys);
    const token = hs256(claims({ exp: now + 60 }));
    expect(verifier.recall(token)).toBeUndefined();
    const verified = await verifier.verify(token);
    clock.ms += 59_999;
    expect(verifier.recall(token)).toBe(verified);
    expect(await verifier.verify(token)).toBe(verified);
    expect(keys.used).toBe(1);
    clock.ms += 1;
    expect(verifier.recall(token)).toBeUndefined();
    expect(await codeOf(verifier, token)).toBe('token_expired');
  });

  it('is remembered only if it was good', async () => {
    const verifier = verifierFor({ accessSecret: SECRET });
    const bad = `${hs256().slice(0, -8)}AAAAAAAA`;
    expect(await codeOf(verifier, bad)).toBe('invalid_token');
    expect(verifier.recall(bad)).toBeUndefined();
  });
});

describe('a configured public key', () => {
  const faultOf = (publicKey: string) => {
    try {
      verifierFor({ publicKey });
      return 'none';
    } catch (error) {
      return error instanceof SettingsError ? error.faults.join() : 'another error';
    }
  };

  it('must be public, strong and of a kind that RS256 or ES256 can use', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const ed25519 = generateKeyPairSync('ed25519').publicKey;
    for (const key of [weak, p384, ed25519]) expect(faultOf(pem(key))).toMatch(/CRM_JWT_PUBLIC_KEY must be RSA/);
    expect(faultOf('not a key')).toMatch(/CRM_JWT_PUBLIC_KEY must be a public key/);
    const secret = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(faultOf(secret)).toMatch(/must not be a private key/);
    expect(faultOf(pem(rsa.publicKey))).toBe('none');
  });
});
