import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { AuthSettings, RuntimeSettings } from '#platform/config';
import { Clock, DomainError, instant, newId } from '#platform/kernel';
import { Log } from '#platform/observability';
import { JwtStrategy } from './jwt.strategy.js';
import { configuredKeys } from '../keys/configured-keys.js';
import { tokenHeader } from './token-form.js';
import { TokenVerifier } from './token-verifier.js';

class FixedClock extends Clock {
  now() {
    return instant(new Date(Date.UTC(2026, 10, 23, 12)));
  }
}

const SECRET = randomBytes(24).toString('hex');
const SUB = newId();
const clock = new FixedClock();
const now = Date.parse(clock.now()) / 1000;
const verifier = verifierWithSecret();

function verifierWithSecret() {
  const settings = new AuthSettings({ accessSecret: SECRET });
  const keys = configuredKeys(settings, clock, new Log(new RuntimeSettings({ logLevel: 'silent' })));
  return new TokenVerifier(keys, clock, new JwtStrategy(keys, settings));
}

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function hmac(input: string, secret: string): string {
  return createHmac('sha256', secret).update(input).digest('base64url');
}

function claims(changes: object = {}) {
  return { sub: SUB, email: 'a@example.org', roles: ['agent'], iat: now, exp: now + 900, ...changes };
}

/** A token signed with the right secret; texts are taken as they are, so that any JSON can be signed. */
function hs256(payload: object | string = claims(), header: object | string = { alg: 'HS256', typ: 'JWT' }): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${hmac(input, SECRET)}`;
}

async function codeOf(token: unknown): Promise<string> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).kind).toBe('unauthenticated');
    return (error as DomainError).code;
  }
}

describe('a header', () => {
  it.each([
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
    ['b64', true],
    ['jku', 'https://attacker.example/keys'],
    ['x5u', 'https://attacker.example/cert'],
    ['x5c', ['MIIB']],
    ['jwk', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })],
    ['jwk', null],
    ['kid', 7],
    ['kid', null],
    ['kid', { $ne: '' }],
  ])('with %s %p is refused, however good the signature', async (name, value) => {
    const token = hs256(claims(), { alg: 'HS256', typ: 'JWT', [name]: value });
    expect(await codeOf(token)).toBe('invalid_token');
  });

  it('with any text as kid changes nothing where one key is configured', async () => {
    for (const kid of ['../../dev/null', "' OR 1=1 --", '', '/proc/sys/kernel/hostname']) {
      const forged = `${part({ alg: 'HS256', kid })}.${part(claims())}`;
      expect(await codeOf(hs256(claims(), { alg: 'HS256', kid }))).toBe('accepted');
      expect(await codeOf(`${forged}.${hmac(forged, '')}`)).toBe('invalid_token');
    }
  });

  it.each(['[]', 'null', '"HS256"', '1', '{', '{"alg":"HS256"}x', '\ufeff{"alg":"HS256"}', ''])(
    'that is %p is refused',
    async (header) => {
      expect(await codeOf(hs256(claims(), header))).toBe('invalid_token');
    },
  );

  it('with a name twice means the last, for the check and for the signature alike', async () => {
    expect(await codeOf(hs256(claims(), '{"alg":"none","alg":"HS256"}'))).toBe('accepted');
    expect(await codeOf(hs256(claims(), '{"alg":"HS256","alg":"none"}'))).toBe('invalid_token');
  });
});

describe('the form of a token', () => {
  it('is refused for an algorithm that is not configured, before any key is looked for', () => {
    expect(tokenHeader(hs256(), ['HS256'])).toEqual({ alg: 'HS256', kid: undefined });
    expect(() => tokenHeader(hs256(), ['RS256', 'ES256'])).toThrow(expect.objectContaining({ code: 'invalid_token' }));
  });

  it.each([
    ['a leading space', (token: string) => ` ${token}`],
    ['a trailing space', (token: string) => `${token} `],
    ['a trailing newline', (token: string) => `${token}\n`],
    ['a newline inside', (token: string) => token.replace('.', '.\n')],
    ['a space inside', (token: string) => token.replace('.', ' .')],
    ['padding', (token: string) => `${token}=`],
    ['a null character', (token: string) => `${token}\0`],
    ['a fourth part', (token: string) => `${token}.AA`],
    ['an empty fourth part', (token: string) => `${token}.`],
    ['no signature', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['two parts', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['nothing in it', () => ''],
    ['dots alone', () => '..'],
    ['the scheme in it', (token: string) => `Bearer ${token}`],
  ])('with %s is refused', async (_, spoil) => {
    const token = hs256();
    expect(await codeOf(token)).toBe('accepted');
    expect(await codeOf(spoil(token))).toBe('invalid_token');
  });

  it('is at most 8 KiB long', async () => {
    const long = (pad: number) => hs256(claims({ pad: 'x'.repeat(pad) }));
    expect(long(5_900).length).toBeLessThanOrEqual(8_192);
    expect(await codeOf(long(5_900))).toBe('accepted');
    expect(long(6_100).length).toBeGreaterThan(8_192);
    expect(await codeOf(long(6_100))).toBe('invalid_token');
  });

  it('is text', async () => {
    for (const thing of [undefined, null, 7, {}, [hs256()]]) {
      expect(await codeOf(thing)).toBe('invalid_token');
    }
  });
});

describe('claims', () => {
  it.each(['null', '[]', '"text"', '7', 'true', '', '{', '{}'])('that are %p are refused', async (payload) => {
    for (const typ of ['JWT', undefined]) {
      expect(await codeOf(hs256(payload, { alg: 'HS256', typ }))).toBe('invalid_token');
    }
  });

  it.each([
    ['exp', undefined],
    ['exp', null],
    ['exp', '4102444800'],
    ['exp', -1],
    ['exp', [4102444800]],
    ['exp', 9e15],
    ['nbf', '0'],
    ['nbf', null],
    ['iat', '0'],
    ['iat', {}],
    ['sub', undefined],
    ['sub', ''],
    ['sub', 'admin'],
    ['sub', 1],
    ['sub', `${SUB}\n`],
    ['roles', 'ROLE_ADMIN'],
    ['roles', null],
    ['roles', { 0: 'ROLE_ADMIN' }],
    ['roles', ['agent', 7]],
    ['roles', [['ROLE_ADMIN']]],
  ])('with %s %p are refused', async (name, value) => {
    const token = hs256(claims({ [name]: value }));
    expect(await codeOf(token)).toBe('invalid_token');
  });

  it.each(['1e309', '-1e309', '1e308', '9007199254740993'])('that end at %s are refused', async (exp) => {
    const token = hs256(`{"sub":"${SUB}","roles":["agent"],"exp":${exp}}`);
    expect(await codeOf(token)).toBe('invalid_token');
  });

  it('in no UTF-8 are refused', async () => {
    const payload = Buffer.concat([
      Buffer.from(`{"sub":"${SUB}","exp":${now + 60},"x":"`),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    const input = `${part({ alg: 'HS256' })}.${payload.toString('base64url')}`;
    expect(await codeOf(`${input}.${hmac(input, SECRET)}`)).toBe('invalid_token');
  });
});
