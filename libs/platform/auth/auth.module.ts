import { Global, Module } from '@nestjs/common';
import { AuthSettings } from '#platform/config';
import { Clock } from '#platform/kernel';
import { Log } from '#platform/observability';
import { JwtStrategy } from './tokens/jwt.strategy.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { CrossSiteCheck } from './cross-site-check.js';
import { configuredKeys } from './keys/configured-keys.js';
import { TokenVerifier } from './tokens/token-verifier.js';
import { VerificationKeys } from './keys/verification-keys.js';

/**
 * Access tokens: strategy, guard and cache. Needs {@link AuthSettings}, {@link Clock} and {@link Log} from the
 * application; `HttpModule` registers {@link JwtAuthGuard} for every route.
 */
@Global()
@Module({
  providers: [
    { provide: VerificationKeys, useFactory: configuredKeys, inject: [AuthSettings, Clock, Log] },
    JwtStrategy,
    TokenVerifier,
    CrossSiteCheck,
    JwtAuthGuard,
  ],
  exports: [TokenVerifier, CrossSiteCheck, JwtAuthGuard],
})
export class AuthModule {}
