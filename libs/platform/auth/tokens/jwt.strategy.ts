import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { AuthSettings } from '#platform/config';
import { accessTokenOf, type TokenBearingRequest } from './presented-token.js';
import type { TokenPayload } from './token-claims.js';
import { VerificationKeys } from '../keys/verification-keys.js';

/** Times are compared with the application's clock, which the library can't read: {@link TokenVerifier.accept}. */
const TIMES_ARE_CHECKED_LATER = { ignoreExpiration: true, jsonWebTokenOptions: { ignoreNotBefore: true } };

/** Verifies signature, issuer and audience of the access token of a request. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly keys: VerificationKeys,
    settings: AuthSettings,
  ) {
    super({
      jwtFromRequest: (request: TokenBearingRequest) => accessTokenOf(request) ?? null,
      secretOrKeyProvider: keys.secretOrKeyProvider,
      algorithms: [...keys.algorithms],
      issuer: settings.issuer,
      audience: settings.audience,
      ...TIMES_ARE_CHECKED_LATER,
    });
  }

  /** Called by passport as soon as the signature is verified. */
  validate(claims: Readonly<Record<string, unknown>>): TokenPayload {
    return { claims, keyRevision: this.keys.revision };
  }
}
