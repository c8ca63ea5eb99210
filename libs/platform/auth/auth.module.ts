import { Global, Module } from '@nestjs/common';
import { AuthSettings } from '#platform/config';
import { Clock } from '#platform/kernel';
import { Log } from '#platform/observability';
import { AccessTokenStrategy } from './tokens/access-token.strategy.js';
import { AuthGuard } from './auth.guard.js';
import { CrossSiteCheck } from './cross-site-check.js';
import { configuredKeys } from './keys/configured-keys.js';
import { TokenVerifier } from './tokens/token-verifier.js';
import { VerificationKeys } from './keys/verification-keys.js';

/**
 * Who asks. Needs {@link AuthSettings}, {@link Clock} and {@link Log} from the application;
 * whether {@link AuthGuard} stands before every route is the application's to say.
 */
@Global()
@Module({
  providers: [
    { provide: VerificationKeys, useFactory: configuredKeys, inject: [AuthSettings, Clock, Log] },
    AccessTokenStrategy,
    TokenVerifier,
    CrossSiteCheck,
    AuthGuard,
  ],
  exports: [TokenVerifier, CrossSiteCheck, AuthGuard],
})
export class AuthModule {}
