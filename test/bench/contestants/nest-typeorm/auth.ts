import { createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

/** The caller. */
export interface User {
  readonly id: string;
  readonly seesAll: boolean;
}

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: process.env.BENCH_SECRET!,
    });
  }

  validate({ sub, roles }: { readonly sub: string; readonly roles: readonly string[] }): User {
    return { id: sub, seesAll: roles.includes('ROLE_TEAM_LEAD') || roles.includes('ROLE_ADMIN') };
  }
}

@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {}

export const CurrentUser = createParamDecorator(
  (_unused: undefined, context: ExecutionContext) => context.switchToHttp().getRequest<{ user: User }>().user,
);
