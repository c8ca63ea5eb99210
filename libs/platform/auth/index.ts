export {
  access,
  ACCESS,
  type ActionOn,
  addScope,
  inScope,
  requireAccess,
  type Resource,
  type Scope,
} from './access/access.js';
export { requireActor } from './access/actor.js';
export {
  AcceptsTokenInQuery,
  type AuthenticatedRequest,
  CurrentCaller,
  Public,
  TokenExpiry,
} from './auth.decorators.js';
export { authorizationRequired, forbidden } from './auth.errors.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export { AuthModule } from './auth.module.js';
export { CrossSiteCheck } from './cross-site-check.js';
export { accessTokenOf } from './tokens/presented-token.js';
export { RequiresAccess } from './access/requires-access.js';
export { rolesOf } from './access/roles.js';
export type { VerifiedToken } from './tokens/token-claims.js';
export { TokenVerifier } from './tokens/token-verifier.js';
