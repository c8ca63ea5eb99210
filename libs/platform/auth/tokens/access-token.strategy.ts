import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import { AuthSettings } from '#platform/config';
import { Clock } from '#platform/kernel';
import { invalidToken } from '../auth.errors.js';
import { readClaims, type VerifiedToken } from './token-claims.js';
import { VerificationKeys } from '../keys/verification-keys.js';

const NAME = 'access-token';

/** The library would compare with the machine's clock, and has no other way to be told not to. */
const TIMES_ARE_OURS = { ignoreExpiration: true, jsonWebTokenOptions: { ignoreNotBefore: true } };

/** What passport takes for a request: a token whose form was checked, and the key to verify it with. */
interface Verification {
  readonly token: string;
  readonly key: KeyObject;
}

type Authenticate = (request: Verification, response: object, next: (error: unknown) => void) => void;

/** Signature, issuer and audience by passport-jwt; times and the other claims by our own rules and clock. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, NAME) {
  private passport: passport.Authenticator | undefined;

  constructor(
    keys: VerificationKeys,
    settings: AuthSettings,
    private readonly clock: Clock,
  ) {
    super({
      jwtFromRequest: ({ token }: Verification) => token,
      // The types don't know yet that the library takes a KeyObject.
      secretOrKeyProvider: ({ key }: Verification, _token, done) => done(null, key as unknown as Buffer),
      algorithms: [...keys.algorithms],
      issuer: settings.issuer,
      audience: settings.audience,
      ...TIMES_ARE_OURS,
    });
  }

  /** An own registry: in the global one the last application of a process would verify the tokens of all. */
  getPassportInstance(): passport.Authenticator {
    this.passport ??= new passport.Passport();
    return this.passport;
  }

  /** Called by passport once the signature is good. */
  validate(payload: Record<string, unknown>): VerifiedToken {
    return readClaims(payload, Date.parse(this.clock.now()));
  }

  /**
   * Verifies one token; gives null when its signature does not fit the key.
   * @param token text whose form {@link tokenHeader} has checked.
   * @throws DomainError `invalid_token` or `token_expired`.
   */
  check(token: string, key: KeyObject): Promise<VerifiedToken | null> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, verified: VerifiedToken | false | null, failure?: Error) => {
        if (error) reject(error);
        else if (verified) resolve(verified);
        else if (failure?.message === 'invalid signature') resolve(null);
        else reject(invalidToken());
      };
      const authenticate = this.getPassportInstance().authenticate(NAME, { session: false }, done) as Authenticate;
      authenticate({ token, key }, {}, reject);
    });
  }
}
