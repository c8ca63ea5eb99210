import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authorizationRequired } from '#platform/auth';
import type { Caller } from '#platform/kernel';

/** One request and its caller, from delivery to reply. */
export class RpcExchange {
  /** The caller that the token identifies; set by the guard. */
  caller: Caller | undefined;
}

/**
 * Injects the {@link Caller} of an RPC request.
 * @throws DomainError `authorization_required` when no guard has verified a token.
 */
export const RpcCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToRpc().getContext<RpcExchange>();
  if (!caller) throw authorizationRequired();
  return caller;
});
