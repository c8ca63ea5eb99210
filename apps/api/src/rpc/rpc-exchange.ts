import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authorizationRequired } from '#platform/auth';
import type { Caller } from '#platform/kernel';

/** One request and what is known of it, from its arrival to its answer. */
export class RpcExchange {
  /** Whoever the token stands for; set once it is verified. */
  caller: Caller | undefined;
}

/**
 * The parameter that receives the {@link Caller} of an RPC request.
 * @throws DomainError `authorization_required` when no guard has let it in.
 */
export const RpcCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToRpc().getContext<RpcExchange>();
  if (!caller) throw authorizationRequired();
  return caller;
});
