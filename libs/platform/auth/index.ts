export { access, ACCESS, type ActionOn, inScope, requireAccess, type Resource, type Scope } from './access.js';
export { requireActor } from './actor.js';
export {
  AcceptsTokenInQuery,
  type AuthenticatedRequest,
  CurrentCaller,
  Public,
  TokenExpiry,
} from './auth.decorators.js';
export { authorizationRequired, forbidden } from './auth.errors.js';
export { AuthGuard } from './auth.guard.js';
export { AuthModule } from './auth.module.js';
export { CrossSiteCheck } from './cross-site-check.js';
export { presentedToken, type TokenBearingRequest } from './presented-token.js';
export { RequiresAccess } from './requires-access.js';
export { rolesOf } from './roles.js';
export type { VerifiedToken } from './token-claims.js';
export { TokenVerifier } from './token-verifier.js';
export { scopePredicate } from './scope-predicate.js';
